import type { Clock } from '../../../../packages/core/src/base/clock.ts'

/** A clock for real connections: short waits are over at once and written down; long ones, as timeouts are, never end. */
export interface ImpatientClock extends Clock {
  /** The waits so far, in milliseconds. */
  readonly waits: readonly number[]
  /** Timers that were started, and have neither fired nor been cleared. */
  readonly pending: number
}

export function impatientClock(patienceMs = 25_000): ImpatientClock {
  let time = 0
  const waits: number[] = []
  const timers = new Set<object>()
  return {
    waits,
    get pending() {
      return timers.size
    },
    now: () => time,
    wallTime: () => Date.UTC(2026, 0, 1) + time,
    setTimeout(callback, delayMs) {
      const handle = {}
      timers.add(handle)
      if (delayMs >= patienceMs) return handle
      waits.push(delayMs)
      setImmediate(() => {
        time += delayMs
        if (timers.delete(handle)) callback()
      })
      return handle
    },
    clearTimeout: (handle) => void timers.delete(handle as object),
  }
}
