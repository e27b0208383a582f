/** Where time comes from. Pass your own to test without waiting; that of `createReranker` fits as it is. */
export interface HostedClock {
  /** A monotonic time in milliseconds. */
  now(): number
  /** Calls back once after `delayMs`; the handle goes to {@link HostedClock.clearTimeout}. */
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(handle: unknown): void
  /** Milliseconds since 1970, to read dates in `Retry-After`. Default `Date.now`. */
  wallTime?(): number
}

/** The clock of the machine. */
export const machineClock: HostedClock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

/** A longer delay overflows the 32-bit timer of JavaScript engines, which would then fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/** Starts a timer, unless it lies too far ahead to matter; the returned function clears it. */
export function setLongTimeout(clock: HostedClock, callback: () => void, delayMs: number): () => void {
  if (delayMs > LONGEST_DELAY_MS) return () => {}
  const handle = clock.setTimeout(callback, Math.max(0, delayMs))
  return () => clock.clearTimeout(handle)
}
