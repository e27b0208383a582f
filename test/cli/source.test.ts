import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { elementsOf, idText, membersOf, repeatedKey } from '../../packages/cli/src/input/source.ts'
import { sized } from '../fixtures/size.ts'

/** JSON with blanks wherever they may stand. */
const spaced = (value: unknown): string => JSON.stringify(value, undefined, '\t').replaceAll('\n', '\r\n ')

describe('the parts of a JSON text', () => {
  it('are what JSON.parse finds, in any JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (list, object) => {
        for (const text of [JSON.stringify, spaced]) {
          expect(elementsOf(text(list)).map((part) => JSON.parse(part) as unknown)).toEqual(JSON.parse(text(list)))
          const members = membersOf(text(object)).map(([key, part]) => [key, JSON.parse(part) as unknown])
          expect(members).toEqual(Object.entries(JSON.parse(text(object)) as object))
        }
      }),
      { numRuns: sized(200, 5000) },
    )
  })

  it('are the text itself: digits, notation, keys in their order and as often as they stand there', () => {
    const parts = ['449001234567890123', '-0', '1e400', '1.0', '"\\u00e9\\"]"', '{ "10":1,"2":[1.50],"10":2 }', '[]']
    expect(elementsOf(`[${parts.join(' , ')}]`)).toEqual(parts)
    expect(membersOf('{"10":1.0, "__proto__": {}, "2":"}", "10" : 2}')).toEqual([
      ['10', '1.0'],
      ['__proto__', '{}'],
      ['2', '"}"'],
      ['10', '2'],
    ])
    expect(repeatedKey(membersOf('{"a":1,"b":1,"\\u0061":2}'))).toBe('a')
    expect(repeatedKey(membersOf('{"a":1,"b":1}'))).toBeUndefined()
  })

  it('are found in strings, numbers and nests of any size', () => {
    const long = JSON.stringify('\\"'.repeat(3_000_000))
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const wide = '1'.repeat(3_000_000)
    expect(elementsOf(`[${[long, deep, wide].join(',')}]`).map(({ length }) => length)).toEqual(
      [long, deep, wide].map(({ length }) => length),
    )
  })
})

describe('an id', () => {
  it.each([
    ['"a\\u0062"', 'ab'],
    ['7', '7'],
    ['7.0', '7'],
    ['70e-1', '7'],
    ['-0', '0'],
    ['0.10', '0.1'],
    ['1e3', '1000'],
    ['449001234567890123', '449001234567890123'],
    ['449001234567890101', '449001234567890101'],
    ['9007199254740993', '9007199254740993'],
    ['9007199254740992', '9007199254740992'],
    ['0.1234567890123456789', '0.1234567890123456789'],
    ['1e400', '1e400'],
    ['-1e400', '-1e400'],
    ['1e-400', '1e-400'],
    ['1e21', '1e+21'],
  ])('%s is %s', (source, text) => expect(idText(source)).toBe(text))

  it('is never the text of another one', () => {
    const digits = fc.bigInt({ min: 0n, max: 2n ** 70n })
    fc.assert(
      fc.property(digits, fc.bigInt({ min: 1n, max: 200n }), (number, step) => {
        expect(idText(String(number))).not.toBe(idText(String(number + step)))
      }),
      { numRuns: sized(500, 20_000) },
    )
  })
})
