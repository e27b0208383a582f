import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Blend, Candidate, OnError, Ranking, Scorer } from '../../packages/core/src/types.ts'
import type { StageOptions } from '../../packages/core/src/options.ts'
import { RerankError } from '../../packages/core/src/base/errors.ts'
import { createReranker } from '../../packages/core/src/rerank.ts'
import { FakeClock, settle } from '../contract/fake-clock.ts'
import { deepFreeze } from '../fixtures/deep-freeze.ts'
import { sized } from '../fixtures/size.ts'

const RUNS = sized(1000, 10_000)

/** Everything that can go wrong in one call of a scorer, and what it should come to. */
const behaviours = [
  'score',
  'score later',
  'hang',
  'hang deaf to the signal',
  'throw',
  'throw at once',
  'reject later',
  'reject after abort',
  'short',
  'long',
  'NaN',
  'nothing',
  'out of time',
  'config',
  'block',
] as const
type Behaviour = (typeof behaviours)[number]

class Boom extends Error {}

/** Scores that depend on the text alone, with ties. */
const numberOf = (text: string): number => (text.length * 7) % 5

function faultyScorer(id: string, behaviour: Behaviour, clock: FakeClock): Scorer<'pair'> {
  const later = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms))
  const act: Record<Behaviour, (texts: readonly string[], signal: AbortSignal) => unknown> = {
    score: (texts) => Promise.resolve(texts.map(numberOf)),
    'score later': (texts) => later(15).then(() => texts.map(numberOf)),
    hang: (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    'hang deaf to the signal': () => new Promise(() => {}),
    throw: () => Promise.reject(new Boom(id)),
    'throw at once': () => {
      throw new Boom(id)
    },
    'reject later': () => later(15).then(() => Promise.reject(new Boom(id))),
    'reject after abort': (_, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => setImmediate(() => reject(new Boom(id)))),
      ),
    short: (texts) => Promise.resolve(texts.slice(1).map(numberOf)),
    long: (texts) => Promise.resolve([...texts.map(numberOf), 1]),
    NaN: (texts) => Promise.resolve(texts.map((_text, at) => (at === texts.length - 1 ? Number.NaN : 1))),
    nothing: () => undefined,
    'out of time': () => Promise.reject(new RerankError('deadline', id)),
    config: () => Promise.reject(new RerankError('model-files', id)),
    block: (texts) => (clock.block(25), Promise.resolve(texts.map(numberOf))),
  }
  return { id, scope: 'pair', score: (_query, texts, { signal }) => act[behaviour](texts, signal) as Promise<number[]> }
}

/** Behaviours after which only a deadline or an abort ends the stage. */
const endless: readonly Behaviour[] = ['hang', 'hang deaf to the signal', 'reject after abort']

interface StagePlan {
  readonly behaviour: Behaviour
  readonly depth: number
  readonly onError: OnError
  readonly deadlineMs: number | undefined
  readonly blend: Blend | false
  readonly skips: boolean
}

interface Plan {
  readonly candidates: readonly Candidate[]
  readonly stages: readonly StagePlan[]
  readonly deadlineMs: number | undefined
  readonly abortAtMs: number | undefined
  readonly topN: number
}

const stagePlan: fc.Arbitrary<StagePlan> = fc.record({
  behaviour: fc.constantFrom(...behaviours),
  depth: fc.constantFrom(1, 3, 5, Infinity),
  onError: fc.constantFrom<OnError>('throw', 'keep-order', 'keep-order', 'keep-order'),
  deadlineMs: fc.constantFrom(undefined, 10, 20),
  blend: fc.constantFrom<Blend | false>(false, { weight: 0.5 }, { weight: 0, higherIsBetter: false }),
  skips: fc.constantFrom(false, false, false, true),
})

const anyPlan: fc.Arbitrary<Plan> = fc.record({
  candidates: fc.array(
    fc.record({ text: fc.string({ maxLength: 6 }), score: fc.constantFrom(0, 1, 2.5, -3) }, { requiredKeys: ['text'] }),
    { minLength: 1, maxLength: 8 },
  ),
  stages: fc.array(stagePlan, { minLength: 1, maxLength: 3 }),
  deadlineMs: fc.constantFrom(undefined, 12, 40),
  abortAtMs: fc.constantFrom(undefined, undefined, undefined, 0, 5, 18),
  topN: fc.constantFrom(1, 3, Infinity),
})

/** Runs one plan on a clock of its own. */
async function carryOut(plan: Plan): Promise<{ outcome: PromiseSettledResult<Ranking>; clock: FakeClock }> {
  const clock = new FakeClock()
  const stages = plan.stages.map(({ behaviour, skips, ...stage }, at): StageOptions => ({
    ...stage,
    scorer: faultyScorer(`s${at}`, behaviour, clock),
    skip: skips ? () => ({ policy: 'planned', evidence: { at } }) : undefined,
  }))
  // Without any limit a scorer that hangs would, rightly, be waited for.
  const needsLimit = plan.stages.some(
    ({ behaviour, deadlineMs }) => endless.includes(behaviour) && deadlineMs === undefined,
  )
  const deadlineMs = plan.deadlineMs ?? (needsLimit ? 60 : undefined)
  const controller = new AbortController()
  const abortTimer =
    plan.abortAtMs === undefined ? undefined : clock.setTimeout(() => controller.abort('caller'), plan.abortAtMs)
  const call = createReranker({ stages, clock, topN: plan.topN }).rerank('q', plan.candidates, {
    deadlineMs,
    signal: controller.signal,
  })
  const outcome = await clock.runUntilSettled(call)
  clock.clearTimeout(abortTimer)
  return { outcome, clock }
}

/** The answer without the tool under test: what the stages of a plan may have done to the order. */
function expectValid({ results, report }: Ranking, { candidates, topN, stages }: Plan): void {
  expect(results).toHaveLength(Math.min(topN, candidates.length))
  expect(results.map(({ rank }) => rank)).toEqual(results.map((_, at) => at + 1))
  expect(new Set(results.map(({ index }) => index)).size).toBe(results.length)
  for (const { candidate, index, score, scorerId } of results) {
    expect(candidate).toBe(candidates[index])
    expect(score === undefined).toBe(scorerId === undefined)
    if (score !== undefined) expect(score).toBe(numberOf(candidate.text))
  }
  expect(report.stages).toHaveLength(stages.length)
  for (const [at, stage] of report.stages.entries()) {
    expect(stage.scorerId).toBe(`s${at}`)
    expect(stage.candidates).toBe(Math.min(stages[at]?.depth as number, candidates.length))
    expect(stage.skipReason === undefined).toBe(stage.outcome !== 'skipped')
    expect(stage.error === undefined).toBe(stage.outcome === 'ranked' || stage.outcome === 'skipped')
  }
}

/** The reasons for which a call of this plan may reject. */
function expectConfigured(reason: unknown, { abortAtMs, stages }: Plan): void {
  if (reason === 'caller') return expect(abortAtMs).toBeDefined()
  expect(reason).toBeInstanceOf(Error)
  if (reason instanceof RerankError && reason.code === 'model-files') return
  expect(stages.some(({ onError }) => onError === 'throw')).toBe(true)
  expect(reason instanceof Boom || (reason instanceof RerankError && reason.code === 'scorer')).toBe(true)
}

describe('whatever the scorers do', () => {
  const unhandled: unknown[] = []
  const record = (reason: unknown): void => void unhandled.push(reason)
  beforeAll(() => void process.on('unhandledRejection', record))
  afterAll(() => void process.off('unhandledRejection', record))

  it(`${RUNS} runs end in a valid ranking or the configured rejection, with no timer and no rejection left`, async () => {
    const seen = { ranked: 0, skipped: 0, failed: 0, late: 0, rejected: 0, aborted: 0 }
    const property = fc.asyncProperty(anyPlan, async (given) => {
      deepFreeze(given)
      const { outcome, clock } = await carryOut(given)
      if (outcome.status === 'fulfilled') {
        expectValid(outcome.value, given)
        for (const stage of outcome.value.report.stages) seen[stage.outcome] += 1
      } else {
        expectConfigured(outcome.reason, given)
        seen[outcome.reason === 'caller' ? 'aborted' : 'rejected'] += 1
      }
      // A scorer's own sleep may be left; the hall's timers may not.
      await clock.advance(1000)
      expect(clock.pending).toBe(0)
    })
    await fc.assert(property, { numRuns: RUNS })
    await settle()
    await settle()
    expect(unhandled).toEqual([])
    // The test would prove little if one of the ways out were hardly ever taken.
    for (const [wayOut, times] of Object.entries(seen)) expect(times, wayOut).toBeGreaterThan(RUNS * 0.02)
  })

  it('a list that no stage ranked comes back as it was', async () => {
    const notRanking = fc.constantFrom<Behaviour>(
      ...behaviours.filter((behaviour) => !['score', 'score later', 'config', 'block'].includes(behaviour)),
    )
    const property = fc.asyncProperty(
      anyPlan,
      fc.array(notRanking, { minLength: 3, maxLength: 3 }),
      async (given, faults) => {
        const stages = given.stages.map((stage, at) => ({
          ...stage,
          behaviour: faults[at] as Behaviour,
          onError: 'keep-order' as const,
        }))
        const { outcome } = await carryOut({ ...given, stages, abortAtMs: undefined })
        const { results } = (outcome as PromiseFulfilledResult<Ranking>).value
        expect(results).toEqual(
          given.candidates.slice(0, given.topN).map((candidate, index) => ({
            candidate,
            index,
            rank: index + 1,
            ...(candidate.score === undefined ? {} : { firstStageScore: candidate.score }),
          })),
        )
      },
    )
    await fc.assert(property, { numRuns: RUNS / 20 })
  })

  it('each stage reorders its head only', async () => {
    const property = fc.asyncProperty(anyPlan, async (given) => {
      const [first] = given.stages as [StagePlan]
      const { outcome } = await carryOut({
        ...given,
        stages: [{ ...first, behaviour: 'score' }],
        abortAtMs: undefined,
        topN: Infinity,
      })
      const order = (outcome as PromiseFulfilledResult<Ranking>).value.results.map(({ index }) => index)
      const depth = Math.min(first.depth, order.length)
      expect(order.slice(0, depth).toSorted((a, b) => a - b)).toEqual(order.slice(0, depth).map((_, at) => at))
      expect(order.slice(depth)).toEqual(order.slice(depth).map((_, at) => depth + at))
    })
    await fc.assert(property, { numRuns: RUNS / 20 })
  })
})
