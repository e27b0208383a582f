import { Stopped } from './errors.js'

/** Where text goes: a stream, and whether a person looks at it. */
export interface Output {
  write(text: string, done?: (error?: Error | null) => void): boolean
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** Where bytes come from. */
export interface Input extends AsyncIterable<Buffer | string> {
  readonly isTTY?: boolean | undefined
}

/** All that a command sees of the process it runs in. */
export interface Io {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted with a {@link Stopped} by Ctrl-C, SIGTERM, and when stdout has no reader left. */
  readonly signal: AbortSignal
}

/**
 * Writes to a stream and waits until it has taken the text, so that a slow reader holds the work back instead of filling
 * the memory.
 *
 * @throws Stopped when the reader of the stream has gone away.
 */
export async function write(stream: Output, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.write(text, (error) => {
      if (error === undefined || error === null) resolve()
      else reject((error as NodeJS.ErrnoException).code === 'EPIPE' ? new Stopped('EPIPE') : error)
    })
  })
}

/** A line for a person on stderr: never mixed with the data on stdout. */
export function tell(io: Io, text: string): void {
  io.stderr.write(`${text}\n`)
}
