import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wordsIn, wordsOf } from '../../../packages/core/src/base/words.ts'
import { cpuMsOf } from '../../fixtures/cpu-time.ts'
import { anyHostileText } from '../../fixtures/hostile-text.ts'
import { sized } from '../../fixtures/size.ts'

describe('wordsIn', () => {
  it('gives the words of the whole text, however it is cut', () => {
    fc.assert(
      fc.property(anyHostileText, fc.integer({ min: 2, max: 9 }), (text, stretch) => {
        expect([...wordsIn(text, stretch)].flat()).toEqual([...wordsIn(text, 1000)].flat())
      }),
      { numRuns: sized(3000, 200_000) },
    )
  })

  it('cuts a run without spaces into the same words, wherever its letters without case begin', () => {
    for (const text of [
      '电池充满了'.repeat(700),
      `${'ab'.repeat(900)}电池`,
      'แบตเตอรี่'.repeat(300),
      '\u{20000}中'.repeat(800),
    ]) {
      expect([...wordsIn(text, 700)].flat()).toEqual([...wordsIn(text, 1e6)].flat())
    }
  })

  it('reads a long text in short stretches', () => {
    for (const text of ['lamp '.repeat(50_000), '电池充满了'.repeat(50_000), 'نور'.repeat(80_000)]) {
      expect([...wordsIn(text)].length).toBeGreaterThan(10)
    }
  })
})

describe('wordsOf', () => {
  it('reads 300,000 Chinese characters without a space', () => {
    expect(wordsOf('电池充满了'.repeat(60_000)).length).toBeGreaterThan(60_000)
  })

  it('takes time in proportion to the text, whatever it holds', () => {
    const texts = {
      marks: `a${'\u0316\u0301'.repeat(100_000)}`,
      'one word': 'a'.repeat(1_000_000),
      Arabic: 'نور'.repeat(200_000),
      Chinese: '电池充满了'.repeat(20_000),
      sigmas: 'aΣ\u0301'.repeat(100_000),
    }
    for (const [name, text] of Object.entries(texts))
      expect(
        cpuMsOf(() => wordsOf(text)),
        name,
      ).toBeLessThan(3000)
  })
})
