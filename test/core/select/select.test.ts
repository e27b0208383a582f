import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jaccard, ShingleReader } from '../../../packages/core/src/select/diversity.ts'
import { select, type Selection } from '../../../packages/core/src/select/select.ts'
import { deepFreeze } from '../../fixtures/deep-freeze.ts'

const everything: Selection = { topN: Infinity, maxTokens: Infinity, countTokens: undefined, diversity: undefined }
const byLength = (text: string): number => text.length
const entriesOf = (...texts: string[]): readonly { text: string }[] => deepFreeze(texts.map((text) => ({ text })))
const textsOf = ({ kept }: { kept: readonly { text: string }[] }): string[] => kept.map(({ text }) => text)

describe('the token budget', () => {
  it('passes over what does not fit, and goes on to what does', async () => {
    const selected = await select(entriesOf('aaaa', 'bbbbbbb', 'ccc', 'dd'), {
      ...everything,
      maxTokens: 8,
      countTokens: byLength,
    })
    expect(textsOf(selected)).toEqual(['aaaa', 'ccc'])
    expect(selected.overBudget).toBe(2)
  })

  it('counts no more than topN needs', async () => {
    const counted: string[] = []
    const selected = await select(entriesOf('aaaaa', 'b', 'c', 'd'), {
      ...everything,
      topN: 2,
      maxTokens: 4,
      countTokens: async (text) => (counted.push(text), text.length),
    })
    expect(textsOf(selected)).toEqual(['b', 'c'])
    expect(counted).toEqual(['aaaaa', 'b', 'c'])
    expect(selected.overBudget).toBe(1)
  })

  it('lets texts without tokens in when nothing is left', async () => {
    const selected = await select(entriesOf('aa', ''), { ...everything, maxTokens: 2, countTokens: byLength })
    expect(textsOf(selected)).toEqual(['aa', ''])
  })

  it.each([Number.NaN, -1, '3', undefined])('refuses the count %s', async (count) => {
    const selecting = select(entriesOf('a'), { ...everything, maxTokens: 2, countTokens: () => count as number })
    await expect(selecting).rejects.toThrow(/countTokens\(text\) is .*: return how many tokens/)
  })

  it('rejects with what the counter threw, and with the reason of an abort', async () => {
    const broken = { ...everything, maxTokens: 2, countTokens: () => Promise.reject(new Error('no vocabulary')) }
    await expect(select(entriesOf('a'), broken)).rejects.toThrow('no vocabulary')
    const aborted = { ...everything, signal: AbortSignal.abort('stop') }
    await expect(select(entriesOf('a'), aborted)).rejects.toBe('stop')
  })
})

describe('diversity', () => {
  const pump = 'the pump stops two minutes after it was started and shows the code E1021'
  const pumpAgain = 'The pump stops two minutes after it was started, and shows the code E1021.'
  const invoice = 'invoices are sent on the first day of each month by mail'

  it('leaves out what says the same as a better one', async () => {
    const selected = await select(entriesOf(pump, pumpAgain, invoice, pump), { ...everything, diversity: {} })
    expect(textsOf(selected)).toEqual([pump, invoice])
    expect(selected.nearDuplicates).toBe(2)
  })

  it('with threshold 1 leaves out copies only', async () => {
    const selected = await select(entriesOf(pump, `${pump} always`, pumpAgain), {
      ...everything,
      diversity: { threshold: 1 },
    })
    expect(textsOf(selected)).toEqual([pump, `${pump} always`])
  })

  it('with lambda below 1 prefers what is new: maximal marginal relevance', async () => {
    const nearly = pump.replace('two minutes', 'a while')
    // Relevance 1, 2/3, 1/3; the second has 7 of 16 shingles of the first: 0.5 * 2/3 - 0.5 * 0.4375 < 0.5 * 1/3.
    const selected = await select(entriesOf(pump, nearly, invoice), { ...everything, diversity: { lambda: 0.5 } })
    expect(textsOf(selected)).toEqual([pump, invoice, nearly])
    const relevance = await select(entriesOf(pump, nearly, invoice), { ...everything, diversity: { lambda: 0.9 } })
    expect(textsOf(relevance)).toEqual([pump, nearly, invoice])
  })

  it('is not misled by a text that did not fit the budget', async () => {
    const selection = { ...everything, maxTokens: 13, countTokens: (text: string) => text.split(' ').length }
    const long = `${pump} again`
    const selected = await select(entriesOf(`${long} and again`, pump), { ...selection, diversity: { threshold: 0.5 } })
    expect(textsOf(selected)).toEqual([])
    const wider = await select(entriesOf(`${long} and again`, pump), {
      ...selection,
      maxTokens: 14,
      diversity: { threshold: 0.5 },
    })
    expect(textsOf(wider)).toEqual([pump])
    expect(wider).toMatchObject({ overBudget: 1, nearDuplicates: 0 })
  })
})

describe('maximal marginal relevance', () => {
  const word = fc.constantFrom('pump', 'valve', 'leaks')
  const texts = fc.array(
    fc.array(word, { maxLength: 7 }).map((words) => words.join(' ')),
    { maxLength: 12 },
  )

  it('equals its definition, computed slowly', async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.constantFrom(0, 0.3, 0.5, 0.7, 1), async (given, lambda) => {
        const entries = entriesOf(...given)
        const { kept } = await select(entries, { ...everything, diversity: { lambda, threshold: 0.9 } })
        expect(kept.map((entry) => entries.indexOf(entry))).toEqual(slowly(given, lambda, 0.9))
      }),
      { numRuns: 300 },
    )
  })
})

/** Carbonell & Goldstein's formula as it is written, after near-duplicates of what was chosen are gone. */
function slowly(texts: readonly string[], lambda: number, threshold: number): number[] {
  const reader = new ShingleReader()
  const sets = texts.map((text) => reader.read(text))
  const chosen: number[] = []
  let left = texts.map((_, at) => at)
  for (;;) {
    const similarity = (at: number): number =>
      Math.max(0, ...chosen.map((other) => jaccard(sets[at] as Uint32Array, sets[other] as Uint32Array)))
    left = left.filter((at) => similarity(at) < threshold)
    const worth = (at: number): number => lambda * (1 - at / texts.length) - (1 - lambda) * similarity(at)
    const [best] = left.toSorted((a, b) => worth(b) - worth(a) || a - b)
    if (best === undefined) return chosen
    chosen.push(best)
    left = left.filter((at) => at !== best)
  }
}

describe('any selection', () => {
  const words = fc.constantFrom('pump', 'valve', 'leaks', 'often')
  const text = fc.array(words, { maxLength: 8 }).map((list) => list.join(' '))
  const selections = fc.record({
    texts: fc.array(text, { maxLength: 25 }),
    topN: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 12 })),
    maxTokens: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 60 })),
    diversity: fc.option(
      fc.record({
        threshold: fc.double({ min: 0.05, max: 1, noNaN: true }),
        lambda: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { nil: undefined },
    ),
  })

  it('is a part of the list, within the limits, without near-duplicates, and loses nothing without a reason', async () => {
    await fc.assert(
      fc.asyncProperty(selections, async ({ texts, topN, maxTokens, diversity }) => {
        const entries = entriesOf(...texts)
        const { kept, overBudget, nearDuplicates } = await select(entries, {
          topN,
          maxTokens,
          diversity,
          countTokens: byLength,
        })
        expect(new Set(kept).size).toBe(kept.length)
        for (const entry of kept) expect(entries).toContain(entry)
        expect(kept.length).toBeLessThanOrEqual(topN)
        expect(kept.reduce((sum, entry) => sum + entry.text.length, 0)).toBeLessThanOrEqual(maxTokens)
        if (kept.length < topN) expect(kept.length + overBudget + nearDuplicates).toBe(entries.length)
        if (maxTokens === Infinity) expect(kept[0]).toBe(entries[0])
        if (diversity === undefined) expect(kept).toEqual(entries.filter((entry) => kept.includes(entry)))
        else expect(largestSimilarity(kept.map((entry) => entry.text))).toBeLessThan(diversity.threshold)
      }),
      { numRuns: 500 },
    )
  })
})

function largestSimilarity(texts: readonly string[]): number {
  const reader = new ShingleReader()
  const sets = texts.map((text) => reader.read(text))
  return Math.max(0, ...sets.flatMap((left, at) => sets.slice(at + 1).map((right) => jaccard(left, right))))
}
