import type { Io } from '../io.js'

/** A request as the log tells of it: nothing that a client wrote, neither texts nor paths nor names. */
export interface LogEntry {
  readonly requestId: string
  readonly route: string
  readonly status: number
  readonly durationMs: number
  readonly dialect?: string
  readonly documents?: number
  readonly waitedMs?: number
  readonly outcome?: string
  /** Why it failed, as a word. */
  readonly error?: string
}

/** Lines that may be on their way to a reader that is slow. */
const MOST_PENDING = 1000

/**
 * Writes one line of JSON a request to stdout. A reader that does not keep up loses lines and holds up nothing; how many is
 * told to `dropped`.
 */
export function accessLog({ stdout }: Pick<Io, 'stdout'>, dropped: () => void): (entry: LogEntry) => void {
  let pending = 0
  return (entry) => {
    if (pending >= MOST_PENDING) return dropped()
    pending += 1
    const { durationMs, waitedMs, ...rest } = entry
    const times = { durationMs: rounded(durationMs), ...(waitedMs !== undefined && { waitedMs: rounded(waitedMs) }) }
    const line = { time: new Date().toISOString(), ...rest, ...times }
    stdout.write(`${JSON.stringify(line)}\n`, (error) => {
      pending -= 1
      // A full disk must not stop the service.
      if (error !== undefined && error !== null) dropped()
    })
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}
