import type { Clock } from '../../../base/clock.js'
import { aloneInThread } from '../../../base/schedule.js'
import type { Milliseconds } from '../../../types.js'
import type { EncodedPair } from '../pairs.js'
import { openSession, type SessionOptions } from '../session/node.js'
import { startPool } from '../session/worker-pool.js'
import { pays, type Step } from './choice.js'

/*
 * Times of one pair. What is compared takes turns, so that whatever else the machine does meanwhile meets both; of each the
 * fastest run counts, which other work has disturbed least.
 */

/** The work that is timed. */
export type Run = () => Promise<unknown>

/** How long it may take. */
export interface Budget {
  readonly clock: Clock
  /** For one comparison. It takes longer where {@link FEWEST_TURNS} runs of each do. */
  readonly shareMs: Milliseconds
}

const FEWEST_TURNS = 3
const MOST_TURNS = 100

/** The fastest run of each, in milliseconds. Each runs once before, which allocates what later runs use. */
export async function byTurns(one: Run, other: Run, { clock, shareMs }: Budget): Promise<readonly [number, number]> {
  await one()
  await other()
  const end = clock.now() + shareMs
  const timed = async (run: Run): Promise<number> => {
    const start = clock.now()
    await run()
    return clock.now() - start
  }
  let [least, otherLeast] = [Infinity, Infinity]
  for (let turn = 0; turn < MOST_TURNS && (turn < FEWEST_TURNS || clock.now() < end); turn++) {
    least = Math.min(least, await timed(one))
    otherLeast = Math.min(otherLeast, await timed(other))
  }
  return [least, otherLeast]
}

/** Something that runs, until it is freed. */
export interface Runner {
  readonly run: Run
  free(): Promise<void>
}

/** What is tried out, one after the other. */
export interface Ladder {
  /** From 1 upwards, two or more. */
  readonly counts: readonly number[]
  open(count: number): Promise<Runner>
  /** How many pairs one run of so many is. */
  pairsOf(count: number): number
}

/** Steps as long as each pays against the one before. No more than two are open at a time. */
export async function stepsOf({ counts, open, pairsOf }: Ladder, budget: Budget): Promise<readonly Step[]> {
  const steps: Step[] = []
  let count = counts[0] as number
  let best = await open(count)
  try {
    for (const next of counts.slice(1)) {
      const other = await open(next)
      let loser = other
      try {
        const [bestMs, otherMs] = await byTurns(best.run, other.run, budget)
        const [before, after] = [bestMs / pairsOf(count), otherMs / pairsOf(next)]
        if (steps.length === 0) steps.push({ count, pairMs: rounded(before) })
        // In the time that the one before took the first time, so that steps can be compared.
        const last = steps.at(-1) as Step
        steps.push({ count: next, pairMs: rounded(before > 0 ? (last.pairMs * after) / before : after) })
        if (!pays(before, after)) break
        loser = best
        best = other
        count = next
      } finally {
        await loser.free()
      }
    }
  } finally {
    await best.free()
  }
  return steps
}

/** To a microsecond. */
export function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}

/** Threads inside one run, on this thread. Nothing where it is not the processor that computes. */
export async function measureThreads(
  { session, pair }: { readonly session: SessionOptions; readonly pair: EncodedPair },
  counts: readonly number[],
  budget: Budget,
): Promise<readonly Step[]> {
  const open = async (threads: number): Promise<Runner & { readonly provider: string }> => {
    const { run, release, opened } = await openSession({ ...session, threads })
    return {
      provider: opened.provider,
      run: () => aloneInThread(() => run(pair.ids, pair.secondSegmentStart)),
      free: release,
    }
  }
  const first = await open(1)
  if (first.provider !== 'cpu') {
    await first.free()
    return []
  }
  return stepsOf({ counts, open: async (count) => (count === 1 ? first : open(count)), pairsOf: () => 1 }, budget)
}

/** Workers with one thread each; so many pairs at once keep so many workers busy. */
export async function measureWorkers(
  { session, pair }: { readonly session: SessionOptions; readonly pair: EncodedPair },
  counts: readonly number[],
  budget: Budget,
): Promise<readonly Step[]> {
  const most = counts.at(-1) as number
  const pool = await startPool(most, { ...session, threads: 1 }, () => {})
  try {
    const runs = (count: number): Promise<unknown> =>
      Promise.all(Array.from({ length: count }, () => pool.score(pair, { stats: {} })))
    // Each allocates at its first run.
    await runs(most)
    const open = async (count: number): Promise<Runner> => ({ run: () => runs(count), free: async () => {} })
    return await stepsOf({ counts, open, pairsOf: (count) => count }, budget)
  } finally {
    await pool.close()
  }
}
