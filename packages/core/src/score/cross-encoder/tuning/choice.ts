/*
 * From what was measured to how many workers and threads there are. Pure: the same numbers always give the same choice.
 */

/** How a model is placed on the cores. */
export interface Placement {
  /** Threads inside one run. */
  readonly threads: number
  /** Workers beside the event loop; 0: the calling thread scores. */
  readonly workers: number
}

/** What so many threads, or workers, take for one pair of the usual length. */
export interface Step {
  readonly count: number
  /** For workers, of as many pairs at once divided by their number. */
  readonly pairMs: number
}

/** What was measured with one model on one machine; missing: not yet. Steps begin with 1 and end where more did not pay. */
export interface Measured {
  readonly threads?: readonly Step[] | undefined
  readonly workers?: readonly Step[] | undefined
  /** The same pair in each number format that can be had, by one thread. */
  readonly dtypes?: readonly DtypeTime[] | undefined
}

/** See {@link Measured}. */
export interface DtypeTime {
  readonly dtype: 'fp32' | 'int8'
  readonly pairMs: number
}

/** What the machine leaves. */
export interface Limits {
  /** Whole cores that the process may keep busy. */
  readonly cores: number
  readonly memoryBytes: number
  /** Of the graph, with its weights. */
  readonly graphBytes: number
}

/** What was chosen, and why, in a sentence. */
export interface Choice {
  readonly count: number
  readonly reason: string
}

/** More cores for the same work have to cut its time to this share, or they are worth more elsewhere. */
export const PAYS = 0.8

const MOST_WORKERS = 8

/** What a worker takes, in sizes of its graph: the weights as they lie in the file, and as the kernels want them. */
const COPIES_PER_WORKER = 2

/** Half of the memory is left to the application. */
const MEMORY_SHARE = 0.5

/** As many workers as there may be: a core for each, and room for their weights. */
export function mostWorkers({ cores, memoryBytes, graphBytes }: Limits): number {
  const fit = Math.floor((MEMORY_SHARE * memoryBytes) / (COPIES_PER_WORKER * Math.max(1, graphBytes)))
  return Math.max(1, Math.min(MOST_WORKERS, cores, fit))
}

/** As many threads as one run may have, when each of the workers has as many. */
export function mostThreads({ cores }: Pick<Limits, 'cores'>, workers: number): number {
  return Math.max(1, Math.floor(cores / Math.max(1, workers)))
}

/** What is tried out: 1, 2, 4 and so on, and all there may be. */
export function countsUpTo(most: number): number[] {
  const counts = [most]
  for (let count = 2 ** Math.floor(Math.log2(most)); count >= 1; count /= 2) if (count < most) counts.unshift(count)
  return counts
}

/** Whether a step pays, against the one before it. */
export function pays(before: number, after: number): boolean {
  return after < PAYS * before
}

/**
 * The last step up to `most` that pays against the one before.
 *
 * @param noun what is counted
 * @param steps nothing where nothing was measured
 */
export function choose(noun: 'thread' | 'worker', steps: readonly Step[] | undefined, most: number): Choice {
  if (most === 1) return { count: 1, reason: `there is room for one ${noun}` }
  const [first, ...others] = steps ?? []
  if (first === undefined) return { count: 1, reason: 'it was not measured' }
  let chosen = first
  for (const step of others) {
    if (step.count > most) break
    if (!pays(chosen.pairMs, step.pairMs)) {
      const reason = `${shareOf(noun, chosen, step)}, and it pays under ${100 * PAYS}%`
      return { count: chosen.count, reason }
    }
    chosen = step
  }
  return { count: chosen.count, reason: shareOf(noun, first, chosen) }
}

function shareOf(noun: string, one: Step, other: Step): string {
  const share = one.pairMs > 0 ? other.pairMs / one.pairMs : 1
  return `${other.count} ${noun}s take ${Math.round(100 * share)}% of the time of ${one.count}`
}

/** What options ask for. */
export interface Asked {
  readonly threads: number | 'measured'
  readonly workers: number | 'measured'
}

/** More workers pay off more than more threads, so threads take what these leave. */
export function placementOf(asked: Asked, measured: Measured, limits: Limits): Placement {
  const workers =
    asked.workers === 'measured' ? choose('worker', measured.workers, mostWorkers(limits)).count : asked.workers
  const threads =
    asked.threads === 'measured'
      ? choose('thread', measured.threads, mostThreads(limits, workers)).count
      : asked.threads
  return { workers, threads }
}
