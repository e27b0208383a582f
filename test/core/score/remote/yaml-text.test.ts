import fc from 'fast-check'
import { load } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { type YamlValue, yamlText } from '../../../../packages/core/src/score/remote/yaml-text.ts'

/** Text that YAML could take for something else, besides any text at all. */
const strings = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '',
    'true',
    'No',
    '~',
    '1e3',
    '0x1f',
    '2024-01-01',
    '12:30',
    '- a',
    '? b',
    'a: b',
    'a #b',
    '| x',
    '&a *b',
    '!tag',
  ),
  fc
    .array(fc.constantFrom('a', ' ', '\n', '\t', ':', '#', '-', "'", '"', '\r', '\u2028', '\u0085', '|', '\\'))
    .map((parts) => parts.join('')),
)
const values = fc.letrec<{ value: YamlValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    strings,
    fc.double({ noNaN: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(strings, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value

const wellFormed = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replace(/\\ud[89a-f]../gi, '\ufffd'))

describe('yamlText', () => {
  it('writes fields in the order given, and text as text', () => {
    const document = {
      title: 'Mains adapter, 12 V',
      price: 29.5,
      stock: true,
      tags: ['lamp', 'power supply'],
      maker: { name: 'Nord: Licht', since: null, phone: undefined },
      parts: [{ id: 'a', count: 2 }, [], {}],
      body: 'First line.\n  Indented: line\n\nLast line',
    }
    expect(yamlText(document)).toBe(
      [
        'title: Mains adapter, 12 V',
        'price: 29.5',
        'stock: true',
        'tags:',
        '  - lamp',
        '  - power supply',
        'maker:',
        '  name: "Nord: Licht"',
        '  since: null',
        'parts:',
        '  - id: a',
        '    count: 2',
        '  - []',
        '  - {}',
        'body: |-',
        '  First line.',
        '    Indented: line',
        '',
        '  Last line',
      ].join('\n'),
    )
  })

  it('is read back by a YAML parser as what it was, whatever the text', () => {
    fc.assert(
      fc.property(fc.dictionary(strings, values, { maxKeys: 5, noNullPrototype: true }), (fields) => {
        fc.pre(!JSON.stringify(fields).includes('__proto__'))
        const read = load(yamlText(fields))
        expect(wellFormed(read)).toEqual(wellFormed(fields))
      }),
      { numRuns: 1000 },
    )
  })

  it('writes dates, and numbers that are none', () => {
    expect(yamlText({ at: new Date(0), a: Number.NaN, b: Infinity, c: -Infinity })).toBe(
      'at: "1970-01-01T00:00:00.000Z"\na: .nan\nb: .inf\nc: -.inf',
    )
  })

  it('names what it cannot write', () => {
    const loop: Record<string, YamlValue> = {}
    loop['self'] = [loop]
    expect(() => yamlText(loop)).toThrow('it holds itself')
    expect(() => yamlText({ f: (() => 1) as never })).toThrow('fields is a function: pass plain data')
    expect(() => yamlText({ n: 1n as never })).toThrow('pass plain data')
    expect(() => yamlText('text' as never)).toThrow('fields is "text": pass an object')
  })
})
