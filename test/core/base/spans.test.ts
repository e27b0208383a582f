import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestWindows, textWindows } from '../../../packages/core/src/base/spans.ts'
import { cpuMsOfAsync } from '../../fixtures/cpu-time.ts'

const words = (parts: readonly string[]): number[] => parts.map((text) => text.match(/\S+/g)?.length ?? 0)
const units = (parts: readonly string[]): number[] => parts.map((text) => text.length)
const slices = async (text: string, options: Parameters<typeof textWindows>[1]): Promise<string[]> =>
  (await textWindows(text, options)).map(({ start, end }) => text.slice(start, end))

describe('textWindows', () => {
  it('takes time in proportion to a long text', async () => {
    for (const phrase of ['lamp and moon ', 'lampe à huile ', '電池 充電 ']) {
      const text = phrase.repeat(40_000)
      const cpuMs = await cpuMsOfAsync(async () => {
        const windows = await textWindows(text, { maxLength: 2000, overlap: 200, measure: units })
        expect(windows.at(-1)?.end).toBe(text.length)
      })
      // Asking about every place in the whole text took minutes.
      expect(cpuMs, phrase).toBeLessThan(10_000)
    }
  })

  it('leaves a text that fits whole', async () => {
    expect(await textWindows('one two', { maxLength: 2, overlap: 0, measure: words })).toEqual([{ start: 0, end: 7 }])
    expect(await textWindows('', { maxLength: 2, overlap: 0, measure: words })).toEqual([{ start: 0, end: 0 }])
  })

  it('cuts between words', async () => {
    expect(
      (await slices('one two three four five', { maxLength: 2, overlap: 0, measure: words })).map((slice) =>
        slice.trim(),
      ),
    ).toEqual(['one two', 'three four', 'five'])
  })

  it('repeats the end of a window at the start of the next', async () => {
    const windows = await slices('a b c d e', { maxLength: 3, overlap: 1, measure: words })
    expect(windows.map((slice) => slice.trim())).toEqual(['a b c', 'c d e'])
  })

  it('cuts text without spaces between graphemes', async () => {
    const family = '👩‍👩‍👧'
    for (const slice of await slices(family.repeat(100), { maxLength: 300, overlap: 50, measure: units })) {
      expect(slice.replaceAll(family, '')).toBe('')
    }
  })

  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
  )
  const anyOptions = fc
    .tuple(fc.integer({ min: 1, max: 60 }), fc.nat(59))
    .filter(([maxLength, overlap]) => overlap < maxLength)

  it('covers every character, goes forward, and never cuts a grapheme', async () => {
    const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
    await fc.assert(
      fc.asyncProperty(anyText, anyOptions, async (text, [maxLength, overlap]) => {
        const windows = await textWindows(text, { maxLength, overlap, measure: units })
        expect(windows[0]?.start).toBe(0)
        expect(windows.at(-1)?.end).toBe(text.length)
        const boundaries = new Set([...segmenter.segment(text)].map(({ index }) => index)).add(text.length).add(0)
        for (const [at, { start, end }] of windows.entries()) {
          expect(boundaries.has(start) && boundaries.has(end)).toBe(true)
          if (at === 0) continue
          const previous = windows[at - 1] as { start: number; end: number }
          expect(start).toBeLessThanOrEqual(previous.end)
          expect(end).toBeGreaterThanOrEqual(previous.end)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('bestWindows', () => {
  it('picks the best window of each text, the first of equal ones', () => {
    expect(bestWindows([0, 0, 0, 1, 2, 2], [1, 3, 3, -5, -2, -1])).toEqual([1, 3, 5])
  })
})
