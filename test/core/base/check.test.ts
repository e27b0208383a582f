import { describe, expect, it } from 'vitest'
import {
  anyText,
  atLeast,
  between,
  callable,
  checkRenamed,
  checkScorer,
  duration,
  finite,
  flag,
  inside,
  must,
  oneOf,
  type OptionTable,
  orExactly,
  readOptions,
  record,
  required,
  timeSource,
  timeSpan,
  whole,
  wholeOrInfinity,
  withDefault,
} from '../../../packages/core/src/base/check.ts'
import { systemClock } from '../../../packages/core/src/base/clock.ts'
import { RerankError } from '../../../packages/core/src/base/errors.ts'

const positive = must<number>((value) => (value as number) > 0, 'pass more')

describe.each<
  [name: string, check: (name: string, value: unknown) => void, good: unknown[], bad: unknown[], fix: string]
>([
  ['must', positive, [1], [0], 'pass more'],
  ['finite', finite, [-1.5, 0], [Infinity, Number.NaN, '1', null], 'pass a finite number'],
  ['anyText', anyText, ['', 'a'], [5, null, ['a']], 'pass a string'],
  ['flag', flag, [true, false], [0, 'true', null], 'pass true or false'],
  ['duration', duration, [0.5, Infinity], [0, -1, Number.NaN, '5'], 'leave it out for no deadline'],
  ['timeSpan', timeSpan, [0.5, Infinity], [0, -1, Number.NaN, '5'], 'pass milliseconds, more than 0'],
  ['timeSource', timeSource, [systemClock, { ...systemClock }], [Date, null, {}], 'pass { now(), setTimeout('],
  ['callable', callable(), [() => 1, Date], ['f', {}, null], 'pass a function'],
  ['atLeast', atLeast(0), [0, 1.5, Infinity], [-0.1, Number.NaN, '1'], 'pass a number from 0'],
  ['between', between(0, 1), [0, 0.5, 1], [-0.1, 1.1, Number.NaN, '1'], 'pass a number from 0 to 1'],
  ['inside', inside(0, 1), [0.1, 0.9], [0, 1, Number.NaN, '0.5'], 'pass a number above 0 and below 1'],
  ['whole', whole(1), [1, 2 ** 53 - 1], [0, 1.5, Infinity, 2 ** 53, '1'], 'pass a whole number from 1'],
  ['whole, bounded', whole(1, 3), [1, 3], [0, 4, 2.5], 'pass a whole number from 1 to 3'],
  ['wholeOrInfinity', wholeOrInfinity(1), [1, Infinity], [0, 1.5, -Infinity], 'pass a whole number from 1'],
  ['oneOf two', oneOf('a', 'b'), ['a', 'b'], ['c', 5, null], "pass 'a' or 'b'"],
  ['oneOf three', oneOf('a', 'b', 'c'), ['c'], ['d'], "pass one of 'a', 'b', 'c'"],
  ['orExactly', orExactly(flag, 'auto'), [true, 'auto'], ['other', 0], 'pass true or false'],
  ['record', record<{ share?: number }>({ share: between(0, 1) }), [{}, { share: 1 }], [5, null, []], 'pass an object'],
])('%s', (_name, check, good, bad, fix) => {
  it('takes what fits', () => {
    for (const value of good) expect(() => check('option', value)).not.toThrow()
  })

  it('refuses all else: with the argument, the value and the fix', () => {
    for (const value of bad) {
      expect(() => check('option', value)).toThrow(RerankError)
      expect(() => check('option', value)).toThrow(/^option is ./)
      expect(() => check('option', value)).toThrow(fix)
    }
  })
})

interface Options {
  readonly size?: number | undefined
  readonly name: string
  readonly mode?: 'fast' | 'slow' | undefined
  readonly inner?: { readonly share?: number | undefined } | undefined
}

const table = {
  size: withDefault(whole(1), 20),
  name: required(anyText),
  mode: oneOf('fast', 'slow'),
  inner: record<{ readonly share?: number | undefined }>({ share: between(0, 1) }),
} satisfies OptionTable<Options>

describe('readOptions', () => {
  it('fills in defaults, and leaves the rest and what was given as it is', () => {
    const given = Object.freeze({ name: 'a', mode: 'slow' })
    expect(readOptions(table, given)).toEqual({ size: 20, name: 'a', mode: 'slow', inner: undefined })
    expect(readOptions(table, { ...given, size: undefined })).toMatchObject({ size: 20 })
    expect(readOptions(table, { ...given, size: 3, inner: { share: 0.5 } })).toMatchObject({
      size: 3,
      inner: { share: 0.5 },
    })
  })

  it.each<[given: unknown, message: string]>([
    [{}, 'name is undefined: pass a string'],
    [{ name: 5 }, 'name is 5: pass a string'],
    [{ name: 'a', size: 0 }, 'size is 0: pass a whole number from 1'],
    [{ name: 'a', inner: { share: 2 } }, 'inner.share is 2: pass a number from 0 to 1'],
    [{ name: 'a', inner: { part: 2 } }, 'inner.part is 2: there is no such option; use share'],
    [{ name: 'a', sise: 3 }, 'options.sise is 3: there is no such option; use size, name, mode, inner'],
    [null, 'options is null: pass an object with options'],
    [['a'], 'options is an array of 1: pass an object with options'],
  ])('refuses %j', (given, message) => {
    expect(() => readOptions(table, given)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) }),
    )
  })

  it('puts the name of the options before theirs', () => {
    expect(() => readOptions(table, { name: 5 }, 'stages[0]')).toThrow('stages[0].name is 5: pass a string')
    expect(() => readOptions(table, { sise: 5 }, 'stages[0]')).toThrow('stages[0].sise is 5: there is no such option')
  })

  it('says what an option is called now', () => {
    const check = (given: unknown): void => checkRenamed(given, { length: 'size' })
    expect(() => check({ name: 'a', length: 5 })).toThrow('options.length is 5: it is called size now; use that')
    for (const fine of [{ name: 'a' }, { length: undefined }, null, undefined]) expect(() => check(fine)).not.toThrow()
  })
})

describe('checkScorer', () => {
  it('takes what has the shape of a scorer, and nothing else', () => {
    const scorer = { id: 'a', scope: 'pair', score: async () => [] }
    expect(() => checkScorer('scorer', scorer)).not.toThrow()
    for (const wrong of [null, 'a', {}, { ...scorer, id: 5 }, { ...scorer, scope: 'all' }, { ...scorer, score: [] }]) {
      expect(() => checkScorer('scorer', wrong)).toThrow('pass a scorer: {')
    }
  })
})
