import type { HostedClock } from './clock.js'

/** Reads `Retry-After`, which is a number of seconds or a date; nothing when it is missing or neither. */
export function retryAfterMs(header: string | null | undefined, clock: HostedClock): number | undefined {
  if (header === null || header === undefined) return undefined
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  if (Number.isNaN(date)) return undefined
  return Math.max(0, date - (clock.wallTime?.() ?? Date.now()))
}
