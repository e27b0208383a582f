/** Watches how long the event loop of this thread stands still. */

/**
 * A timer that should fire every millisecond; a late one means that something held the loop.
 *
 * @returns {() => { longestMs: number, p50Ms: number, p99Ms: number }} stops and tells the pauses
 */
export function watchLoop() {
  const gaps = []
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    gaps.push(now - last)
    last = now
  }, 1)
  return () => {
    clearInterval(timer)
    gaps.push(performance.now() - last)
    gaps.sort((a, b) => a - b)
    const at = (share) => gaps[Math.min(gaps.length - 1, Math.floor(share * gaps.length))]
    return { longestMs: gaps.at(-1), p50Ms: at(0.5), p99Ms: at(0.99) }
  }
}
