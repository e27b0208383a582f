import type { Place } from '../states.js'
import type { Opened } from './node.js'

/** What the main thread and a worker have to agree on: their messages, and who may end when. */

/** The token ids of one pair, to be scored: see `GraphSession.run`. */
export interface PairMessage {
  readonly id: number
  readonly ids: Int32Array
  readonly secondSegmentStart: number
  /** Where the states of the passage are kept, or are to be. */
  readonly place?: Place | undefined
  /** What was made of the passage ahead of time. */
  readonly states?: Uint8Array | undefined
}

/** Main thread to worker. */
export type ToWorker =
  /** Memory that all threads share, for the states of passages; the next chunk of it. */
  | { readonly type: 'memory'; readonly chunk: SharedArrayBuffer }
  | { readonly type: 'pair'; readonly pair: PairMessage }
  /** A pair whose second text is to be encoded. */
  | { readonly type: 'text'; readonly pair: PairMessage }
  | { readonly type: 'close' }

/** Worker to main thread. */
export type FromWorker =
  | { readonly type: 'ready'; readonly opened: Opened; readonly passageWidth: number | undefined }
  | { readonly type: 'failed'; readonly error: unknown; readonly code: string | undefined }
  | { readonly type: 'scored'; readonly id: number; readonly logit: number }
  | { readonly type: 'encoded'; readonly id: number; readonly states: Uint8Array }
  | { readonly type: 'not-scored'; readonly id: number; readonly error: unknown }

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
