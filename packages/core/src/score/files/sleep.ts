import { setTimeout } from 'node:timers/promises'

/** Waits; rejects with the signal's own reason when it aborts. */
export async function sleepFor(delayMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await setTimeout(delayMs, undefined, signal && { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
