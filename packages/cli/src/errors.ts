import { RerankError } from '@secondpass/core'

/** How the program ends: the numbers a shell, a job engine or a build server sees. */
export const exitCodes = {
  /** Everything was done. */
  ok: 0,
  /** Something failed; the message says what. What was written so far is valid. */
  failed: 1,
  /** The command line is wrong; nothing was done. */
  usage: 2,
  /** Done, but lines of the input were left out because an option says so; stderr lists them. */
  incomplete: 3,
  /** Ended by Ctrl-C (SIGINT). What was written so far is valid. */
  interrupted: 130,
  /** Ended by SIGTERM. What was written so far is valid. */
  terminated: 143,
} as const

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** An error that a person at a terminal caused and can fix: one line, no stack. */
export class CliError extends Error {
  override readonly name: string = 'CliError'
  readonly exitCode: ExitCode

  constructor(message: string, options: ErrorOptions & { readonly exitCode?: ExitCode } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.exitCode = options.exitCode ?? exitCodes.failed
  }
}

/** The error for a wrong option or argument: names it, shows the value, says the fix. Ends with 2. */
export function usageError(option: string, value: unknown, fix: string): CliError {
  return new CliError(`${option} is ${show(value)}: ${fix}`, { exitCode: exitCodes.usage })
}

/** The error for a command line that lacks something or holds too much. Ends with 2. */
export function misuse(message: string): CliError {
  return new CliError(message, { exitCode: exitCodes.usage })
}

/** What the system says when a file cannot be read or written, in words. */
const WORDS: Readonly<Record<string, string | readonly [reading: string, writing: string]>> = {
  ENOENT: ['there is no such file', 'there is no such folder; make it first'],
  EEXIST: 'it is there already',
  EISDIR: ['it is a folder', 'it is a folder; name a file'],
  ENOTDIR: 'a part of the path is a file',
  EACCES: ['this user may not read it', 'this user may not write it, or not in its folder'],
  EPERM: ['this user may not read it', 'this user may not write it, or not in its folder'],
  EROFS: 'the file system may only be read',
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is used up; free some space',
  EFBIG: 'it would be larger than files may be here (ulimit -f, or the file system)',
  ELOOP: 'it is a symbolic link, which is not followed here, or links lead in a circle',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long',
  EBUSY: 'something else holds it, as a mount does',
  ENXIO: 'it is a socket, or a pipe without a reader',
  EIO: 'the disk reports an error',
}

/** The error for a file that cannot be read or written: names it, and says why in words. */
export function fileError(path: string, what: 'read' | 'written', cause: unknown): CliError {
  const { code = '', message = 'unknown' } = (cause ?? {}) as Partial<NodeJS.ErrnoException>
  const words = WORDS[code] ?? message
  const reason = typeof words === 'string' ? words : words[what === 'read' ? 0 : 1]
  return new CliError(`${path} cannot be ${what}: ${reason}`, { cause })
}

/** Why work stopped before its end: what the signal of {@link Io} is aborted with. */
export class Stopped extends Error {
  override readonly name: string = 'Stopped'

  constructor(readonly because: 'SIGINT' | 'SIGTERM' | 'EPIPE') {
    super(`stopped by ${because}`)
  }

  get exitCode(): ExitCode {
    if (this.because === 'SIGINT') return exitCodes.interrupted
    // Whoever reads our output has seen enough, as `head` has: nothing went wrong.
    return this.because === 'SIGTERM' ? exitCodes.terminated : exitCodes.ok
  }
}

/** The message of an error as one line. */
export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error)
  return message.replaceAll(/\s+/g, ' ').trim()
}

/** What an error ends the program with. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError || error instanceof Stopped) return error.exitCode
  return exitCodes.failed
}

/** Whether an error is one that the message explains; the stack of any other helps to find the cause. */
export function isExplained(error: unknown): boolean {
  return error instanceof CliError || RerankError.is(error)
}

/** A value as it may stand in a message: short. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
