import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestWindows, textWindows } from '../../../packages/core/src/base/spans.ts'
import { cpuMsOfAsync } from '../../fixtures/cpu-time.ts'

const words = (text: string): number => text.match(/\S+/g)?.length ?? 0
const units = (text: string): number => text.length
interface Cut {
  readonly maxLength: number
  readonly overlap: number
  readonly maxWindows?: number
  measure(text: string): number
}
const cut = (text: string, { measure, ...options }: Cut): ReturnType<typeof textWindows> =>
  textWindows(text, { maxWindows: Infinity, ...options, measure: (parts) => parts.map(measure) })
const slices = async (text: string, options: Cut): Promise<string[]> =>
  (await cut(text, options)).spans.map(({ start, end }) => text.slice(start, end))

describe('textWindows', () => {
  it('takes time in proportion to a long text', async () => {
    for (const phrase of ['lamp and moon ', 'lampe à huile ', '電池 充電 ']) {
      const text = phrase.repeat(40_000)
      const cpuMs = await cpuMsOfAsync(async () => {
        const { spans } = await cut(text, { maxLength: 2000, overlap: 200, measure: units })
        expect(spans.at(-1)?.end).toBe(text.length)
      })
      // Asking about every place in the whole text took minutes.
      expect(cpuMs, phrase).toBeLessThan(10_000)
    }
  })

  it('leaves a text that fits whole', async () => {
    const whole = (end: number): object => ({ spans: [{ start: 0, end }], isWhole: true })
    expect(await cut('one two', { maxLength: 2, overlap: 0, measure: words })).toEqual(whole(7))
    expect(await cut('', { maxLength: 2, overlap: 0, measure: words })).toEqual(whole(0))
  })

  it('cuts between words', async () => {
    const found = await slices('one two three four five', { maxLength: 2, overlap: 0, measure: words })
    expect(found.map((slice) => slice.trim())).toEqual(['one two', 'three four', 'five'])
  })

  it('repeats the end of a window at the start of the next', async () => {
    const found = await slices('a b c d e', { maxLength: 3, overlap: 1, measure: words })
    expect(found.map((slice) => slice.trim())).toEqual(['a b c', 'c d e'])
  })

  it('cuts no more windows than it may, and says that there is more', async () => {
    const options = { maxLength: 2, overlap: 0, measure: words }
    expect(await cut('one two three four five', { ...options, maxWindows: 2 })).toEqual({
      spans: [
        { start: 0, end: 8 },
        { start: 8, end: 19 },
      ],
      isWhole: false,
    })
    expect(await cut('one two three', { ...options, maxWindows: 2 })).toMatchObject({ isWhole: true })
  })

  it('reads no more of a text than its windows need', async () => {
    let read = 0
    const text = 'lamp and moon '.repeat(100_000)
    const { spans } = await textWindows(text, {
      maxLength: 100,
      overlap: 10,
      maxWindows: 5,
      // Whether the text fits is asked about all of it.
      measure: (parts) => parts.map((part) => ((read += part === text ? 0 : part.length), words(part))),
    })
    expect(spans.length).toBe(5)
    expect(read).toBeLessThan(20_000)
  })

  it('leaves out at once all that has no length, when the window measures more than its parts', async () => {
    let asked = 0
    const measure = (part: string): number => {
      asked += 1
      return part.length > 100 && part.includes('b') ? 20 : part.includes('b') || part.includes('a') ? 5 : 0
    }
    await cut(`b a ${'. '.repeat(2000)}b a b a`, { maxLength: 12, overlap: 4, measure })
    expect(asked).toBeLessThan(10_000)
  })

  it('takes time in proportion to a text without spaces, also to one long grapheme', async () => {
    for (const text of ['充电'.repeat(100_000), '\u{1f1e6}'.repeat(100_000), `a${'\u0301'.repeat(200_000)}`]) {
      const cpuMs = await cpuMsOfAsync(async () => {
        const { spans } = await cut(text, { maxLength: 2000, overlap: 200, measure: units })
        expect(spans.at(-1)?.end).toBe(text.length)
      })
      expect(cpuMs, text.slice(0, 2)).toBeLessThan(5000)
    }
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
        const { spans: windows } = await cut(text, { maxLength, overlap, measure: units })
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
