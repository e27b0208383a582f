import { nextTurn } from '../../../base/clock.js'
import type { EncodedPair } from '../pairs.js'
import type { PairSource } from '../reading.js'
import type { Opened } from './node.js'

/** One request in shared memory: written once by the main thread, read by all workers, which write the logits back. */
export interface Job {
  readonly id: number
  /** `[next pair to take, stop]`; workers take pairs with an atomic add and stop when the second is 1. */
  readonly control: Int32Array
  /** All token ids, one pair after the other. */
  readonly ids: Int32Array
  /** `ends[at]` is where pair `at` ends in `ids`. */
  readonly ends: Int32Array
  readonly secondSegmentStarts: Int32Array
  /** Pairs, longest first: a long pair taken last would keep one worker busy while the others wait. */
  readonly order: Int32Array
  readonly logits: Float64Array
}

export const NEXT = 0
export const STOP = 1

/** Main thread to worker. */
export type ToWorker = { readonly type: 'job'; readonly job: Job } | { readonly type: 'close' }

/** Worker to main thread. */
export type FromWorker =
  | { readonly type: 'ready'; readonly opened: Opened }
  | { readonly type: 'failed'; readonly error: unknown; readonly code: string | undefined }
  | { readonly type: 'done'; readonly jobId: number; readonly scored: number; readonly error?: unknown }

/** How long the main thread encodes before it lets the event loop turn. */
const LONGEST_SLICE_MS = 4

/** Encodes every pair into shared memory, letting the event loop turn now and then. */
export async function makeJob(id: number, pairs: PairSource, check: () => void): Promise<Job> {
  const encoded: EncodedPair[] = []
  let sliceStart = performance.now()
  for (let at = 0; at < pairs.length; at++) {
    encoded.push(await pairs.pair(at))
    if (performance.now() - sliceStart < LONGEST_SLICE_MS) continue
    await nextTurn()
    check()
    sliceStart = performance.now()
  }
  return share(id, encoded)
}

function share(id: number, encoded: readonly EncodedPair[]): Job {
  const lengths = encoded.map((pair) => pair.ids.length)
  const job: Job = {
    id,
    control: sharedInts(2),
    ids: sharedInts(lengths.reduce((sum, length) => sum + length, 0)),
    ends: sharedInts(encoded.length),
    secondSegmentStarts: sharedInts(encoded.length),
    order: sharedInts(encoded.length),
    logits: new Float64Array(new SharedArrayBuffer(8 * encoded.length)),
  }
  let end = 0
  for (const [at, pair] of encoded.entries()) {
    job.ids.set(pair.ids, end)
    job.ends[at] = end += pair.ids.length
    job.secondSegmentStarts[at] = pair.secondSegmentStart
  }
  job.order.set([...lengths.keys()].sort((a, b) => (lengths[b] as number) - (lengths[a] as number)))
  return job
}

function sharedInts(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * length))
}

/** The pair at `at`, as the session wants it: a copy, because native code cannot read shared memory. */
export function pairOf(job: Job, at: number): { ids: Int32Array; secondSegmentStart: number } {
  const start = at === 0 ? 0 : (job.ends[at - 1] as number)
  return { ids: job.ids.slice(start, job.ends[at]), secondSegmentStart: job.secondSegmentStarts[at] as number }
}

/**
 * Ending a thread while it is inside a native call aborts the whole process. Each worker therefore has two flags in
 * shared memory: it raises `busy` around native calls, and the main thread, on its way out, raises `stop` and waits
 * for `busy` to fall.
 */
const ENDING = 0
const BUSY = 1

/** The longest wait for one run at exit; beyond it the process ends as it would have without the guard. */
const LONGEST_WAIT_MS = 5000

const guarded = new Set<Int32Array>()

/** Main thread: makes the flags of a worker and watches them until `release`. */
export function guardExit(): { readonly flags: Int32Array; release(): void } {
  const flags = new Int32Array(new SharedArrayBuffer(8))
  if (guarded.size === 0) process.on('exit', waitForAll)
  guarded.add(flags)
  return {
    flags,
    release() {
      if (guarded.delete(flags) && guarded.size === 0) process.off('exit', waitForAll)
    },
  }
}

function waitForAll(): void {
  for (const flags of guarded) Atomics.store(flags, ENDING, 1)
  for (const flags of guarded) {
    while (Atomics.load(flags, BUSY) === 1 && Atomics.wait(flags, BUSY, 1, LONGEST_WAIT_MS) !== 'timed-out');
  }
}

/**
 * Worker: runs a native call with `busy` raised, or not at all when the process is ending.
 *
 * @returns the call's answer, or undefined when the process is ending.
 */
export async function guardedRun<T>(flags: Int32Array, call: () => Promise<T>): Promise<T | undefined> {
  // Raise first, look second: the other way round, the main thread could look between the two.
  Atomics.store(flags, BUSY, 1)
  try {
    return Atomics.load(flags, ENDING) === 1 ? undefined : await call()
  } finally {
    Atomics.store(flags, BUSY, 0)
    Atomics.notify(flags, BUSY)
  }
}
