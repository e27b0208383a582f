import { Stopped, fileError } from './errors.js'
import { printable, printableLine } from './printable.js'

/** Where text goes: a stream, and whether a person looks at it. */
export interface Output {
  write(text: string, done?: (error?: Error | null) => void): boolean
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  /** Its descriptor, where it has one. */
  readonly fd?: number | undefined
}

/** Where bytes come from. */
export interface Input extends AsyncIterable<Buffer | string> {
  readonly isTTY?: boolean | undefined
  /** Its descriptor, where it has one. */
  readonly fd?: number | undefined
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
 * Writes to stdout and waits until it has taken the text, so that a slow reader holds the work back instead of filling the
 * memory. On a terminal, what could play with it is written out; a program gets the text as it is.
 *
 * @throws Stopped when the reader has gone away; CliError when it cannot be written.
 */
export async function write({ stdout }: Io, text: string): Promise<void> {
  await writeStyled({ stdout }, stdout.isTTY === true ? printable(text) : text)
}

/** As {@link write}, for text with colours, in which everything from outside went through {@link printable} before. */
export async function writeStyled({ stdout }: Pick<Io, 'stdout'>, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stdout.write(text, (error) => {
      if (error === undefined || error === null) resolve()
      else if ((error as NodeJS.ErrnoException).code === 'EPIPE') reject(new Stopped('EPIPE'))
      else reject(fileError('stdout', 'written', error))
    })
  })
}

/**
 * A line for a person on stderr: never mixed with the data on stdout, and nothing in it can play with a terminal.
 *
 * @param text what may come from outside
 * @param before what stands before it and comes from us, with colours
 */
export function tell(io: Io, text: string, before = ''): void {
  io.stderr.write(`${before}${printableLine(text)}\n`)
}
