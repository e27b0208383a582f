import { describe, expect, it } from 'vitest'
import type { Call, Scorer } from '../../packages/core/src/types.ts'
import { callOf } from './fake-scorer.ts'

/** Texts that have broken scorers before: empty, equal, other scripts, emoji, control characters, very long. */
export const awkwardTexts: readonly string[] = [
  'The lamp turns itself off after ten minutes.',
  '',
  'Ten minutes of sun charge the battery.',
  'The lamp turns itself off after ten minutes.',
  '👩‍👩‍👧‍👦 🏳️‍🌈 🔋',
  'lone \ud83d surrogate, \0 NUL, \u202e turned, \ufeff mark',
  '灯は十分後に消えます。',
  'يُطفأ المصباح بعد عشر دقائق',
  ' \n\t ',
  'lamp '.repeat(5000),
  'x'.repeat(100_000),
]

const query = 'when does the lamp turn off'

/** What every scorer and every wrapper must do. `makeScorer` gives a fresh one each time. */
export function scorerContract(name: string, makeScorer: () => Scorer | Promise<Scorer>): void {
  describe(`the contract of scorers: ${name}`, () => {
    const withScorer = (body: (scorer: Scorer) => Promise<void>) => async (): Promise<void> => {
      const scorer = await makeScorer()
      try {
        await body(scorer)
      } finally {
        await scorer.close?.()
      }
    }
    scoring(withScorer)
    independence(withScorer)
    ending(withScorer)
  })
}

type WithScorer = (body: (scorer: Scorer) => Promise<void>) => () => Promise<void>

function scoring(withScorer: WithScorer): void {
  it(
    'has an id and a scope',
    withScorer(async ({ id, scope }) => {
      expect(id).toMatch(/\S/)
      expect(['pair', 'pool']).toContain(scope)
    }),
  )

  it(
    'gives one finite number per text, also for awkward ones',
    withScorer(async (scorer) => {
      const numbers = await scorer.score(query, awkwardTexts, callOf())
      expect(numbers).toHaveLength(awkwardTexts.length)
      for (const number of numbers) expect(number).toSatisfy(Number.isFinite)
    }),
  )

  it(
    'empty in, empty out',
    withScorer(async (scorer) => {
      expect([...(await scorer.score(query, [], callOf()))]).toEqual([])
    }),
  )

  it(
    'gives equal texts equal numbers',
    withScorer(async (scorer) => {
      const [first, , , fourth] = await scorer.score(query, awkwardTexts, callOf())
      expect(fourth).toBe(first)
    }),
  )

  it(
    'gives the same numbers again',
    withScorer(async (scorer) => {
      const once = [...(await scorer.score(query, awkwardTexts.slice(0, 9), callOf()))]
      expect([...(await scorer.score(query, awkwardTexts.slice(0, 9), callOf()))]).toEqual(once)
    }),
  )

  it(
    'keeps calls that run at the same time apart',
    withScorer(async (scorer) => {
      const alone = [...(await scorer.score('battery', awkwardTexts.slice(0, 4), callOf()))]
      const [, together] = await Promise.all([
        scorer.score(query, awkwardTexts.slice(2, 9), callOf()),
        scorer.score('battery', awkwardTexts.slice(0, 4), callOf()),
      ])
      expect([...together]).toEqual(alone)
    }),
  )

  it(
    'neither changes nor keeps the texts',
    withScorer(async (scorer) => {
      const texts = awkwardTexts.slice(0, 5)
      const numbers = scorer.score(query, Object.freeze(texts), callOf())
      await expect(numbers).resolves.toHaveLength(5)
      expect(texts).toEqual(awkwardTexts.slice(0, 5))
    }),
  )

  it(
    'counts in numbers',
    withScorer(async (scorer) => {
      const stats: Record<string, number> = {}
      await scorer.score(query, awkwardTexts.slice(0, 3), callOf({ stats }))
      for (const [counter, count] of Object.entries(stats)) expect(count, counter).toSatisfy(Number.isFinite)
    }),
  )

  it(
    'maps its numbers to probabilities, where it does, in 0..1 and in the same order',
    withScorer(async (scorer) => {
      // Only then does a scorer that loads its model late know its scale.
      await scorer.score(query, ['a text'], callOf())
      const numbers = [-1e6, -20, -1, -0.5, 0, 0.5, 1, 20, 1e6]
      const mapped = numbers.map((number) => scorer.toProbability?.(number) ?? 0)
      for (const probability of mapped) expect(probability >= 0 && probability <= 1).toBe(true)
      expect(mapped.toSorted((a, b) => a - b)).toEqual(mapped)
    }),
  )
}

/** For `'pair'` a score depends on the query and the text alone, to the last bit. */
function independence(withScorer: WithScorer): void {
  const texts = awkwardTexts.slice(0, 9)

  it(
    'pair: shuffling the neighbours changes no score',
    withScorer(async (scorer) => {
      if (scorer.scope !== 'pair') return
      const straight = [...(await scorer.score(query, texts, callOf()))]
      const turned = [...(await scorer.score(query, texts.toReversed(), callOf()))]
      expect(turned.toReversed()).toEqual(straight)
    }),
  )

  it(
    'pair: removing the neighbours changes no score',
    withScorer(async (scorer) => {
      if (scorer.scope !== 'pair') return
      const together = [...(await scorer.score(query, texts, callOf()))]
      for (const [at, text] of texts.entries()) {
        expect([...(await scorer.score(query, [text], callOf()))], text.slice(0, 40)).toEqual([together[at]])
      }
    }),
  )
}

function ending(withScorer: WithScorer): void {
  const score = (scorer: Scorer, call: Partial<Call>): Promise<readonly number[]> =>
    scorer.score(query, awkwardTexts.slice(0, 3), callOf(call))

  it(
    'rejects with the reason of a signal that has aborted',
    withScorer(async (scorer) => {
      const reason = new Error('changed my mind')
      await expect(score(scorer, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    }),
  )

  it(
    'rejects with the reason of a signal that aborts while it works, or is done by then',
    withScorer(async (scorer) => {
      const controller = new AbortController()
      const reason = new Error('changed my mind')
      const call = score(scorer, { signal: controller.signal })
      controller.abort(reason)
      const [outcome] = await Promise.allSettled([call])
      if (outcome.status === 'rejected') expect(outcome.reason).toBe(reason)
      else expect(outcome.value).toHaveLength(3)
    }),
  )

  it(
    'rejects with code deadline when the deadline has passed',
    withScorer(async (scorer) => {
      await expect(score(scorer, { deadline: 5, now: () => 6 })).rejects.toMatchObject({ code: 'deadline' })
    }),
  )

  it(
    'works on after an abort and after a deadline',
    withScorer(async (scorer) => {
      await Promise.allSettled([
        score(scorer, { signal: AbortSignal.abort() }),
        score(scorer, { deadline: 5, now: () => 6 }),
      ])
      await expect(score(scorer, {})).resolves.toHaveLength(3)
    }),
  )

  it(
    'warms up twice, and before or after scoring',
    withScorer(async (scorer) => {
      await scorer.warmup?.()
      await scorer.warmup?.()
      await expect(score(scorer, {})).resolves.toHaveLength(3)
      await scorer.warmup?.()
    }),
  )

  it(
    'closes twice, also at once, and rejects afterwards',
    withScorer(async (scorer) => {
      if (scorer.close === undefined) return
      await score(scorer, {})
      await Promise.all([scorer.close(), scorer.close()])
      await scorer.close()
      await expect(score(scorer, {})).rejects.toMatchObject({ code: 'closed' })
    }),
  )

  it(
    'closes without ever having been used',
    withScorer(async (scorer) => {
      await scorer.close?.()
      if (scorer.close !== undefined) await expect(score(scorer, {})).rejects.toMatchObject({ code: 'closed' })
    }),
  )
}
