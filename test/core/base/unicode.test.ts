import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  graphemesOf,
  type NormalizationForm,
  normalizeText,
  orderMarks,
} from '../../../packages/core/src/base/words.ts'
import { trimEndWhile } from '../../../packages/core/src/base/check.ts'
import { cpuMsOf } from '../../fixtures/cpu-time.ts'
import { sized } from '../../fixtures/size.ts'
import { anyHostileText } from '../../fixtures/hostile-text.ts'

const FORMS: readonly NormalizationForm[] = ['NFC', 'NFD', 'NFKC', 'NFKD']

describe('normalizeText', () => {
  it('gives what the engine gives, for marks of all kinds in any order', () => {
    fc.assert(
      fc.property(anyHostileText, fc.constantFrom(...FORMS), fc.nat(3), (text, form, longest) => {
        expect(orderMarks(text, form, longest).normalize(form)).toBe(text.normalize(form))
        expect(normalizeText(text, form)).toBe(text.normalize(form))
      }),
      { numRuns: sized(3000, 200_000) },
    )
  })

  it('gives what the engine gives for every mark there is, in one run', () => {
    let marks = ''
    for (let point = 0; point < 0x110000; point++) {
      const character = String.fromCodePoint(point)
      if (/[\p{M}\uff9e\uff9f]/u.test(character)) marks += character
    }
    const backwards = [...marks].reverse().join('')
    for (const text of [marks, backwards, `e${backwards}`, `\u1100${backwards}\u1161`]) {
      for (const form of FORMS) expect(normalizeText(text, form) === text.normalize(form), form).toBe(true)
    }
  })

  it('lets any form follow on canonical order', () => {
    fc.assert(
      fc.property(anyHostileText, fc.constantFrom(...FORMS), (text, form) => {
        expect(orderMarks(text, 'NFC', 0).normalize(form)).toBe(text.normalize(form))
      }),
      { numRuns: sized(1000, 20_000) },
    )
  })

  it('takes time in proportion to a run of marks', () => {
    for (const pair of ['\u0316\u0301', '\u0f73', '\uff9e\u0301', '\u0344\u0316']) {
      const text = `a${pair.repeat(200_000)}`
      // The engine takes half a minute for each.
      expect(
        cpuMsOf(() => normalizeText(text, 'NFKC')),
        JSON.stringify(pair),
      ).toBeLessThan(3000)
    }
  })
})

describe('graphemesOf', () => {
  it('cuts where Intl.Segmenter cuts, also where a grapheme is longer than what is read at a time', () => {
    const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' })
    const long = fc
      .tuple(anyHostileText, fc.integer({ min: 1, max: 200 }), anyHostileText)
      .map(([text, times, other]) => text.repeat(times) + other)
    fc.assert(
      fc.property(long, (text) => {
        expect([...graphemesOf(text)]).toEqual(Array.from(segmenter.segment(text), ({ segment }) => segment))
      }),
      { numRuns: sized(200, 3000) },
    )
  })

  it('takes time in proportion to the text', () => {
    for (const text of ['ab\u0301c '.repeat(40_000), '\u{1f1e6}'.repeat(100_000), `a${'\u0301'.repeat(200_000)}`]) {
      let count = 0
      // Segmented in one go, the first takes a minute.
      expect(
        cpuMsOf(() => {
          for (const _ of graphemesOf(text)) count += 1
        }),
      ).toBeLessThan(3000)
      expect(count).toBeGreaterThan(0)
    }
  })
})

describe('trimEndWhile', () => {
  it('takes away what stands at the end, and nothing else', () => {
    const isSlash = (unit: string): boolean => unit === '/'
    expect(['/a//b//', '///', '', 'a'].map((text) => trimEndWhile(text, isSlash))).toEqual(['/a//b', '', '', 'a'])
  })
})
