import { CommanderError } from 'commander'
import { type ExitCode, Stopped, exitCodeOf, exitCodes, isExplained, oneLine } from './errors.js'
import { type Io, tell, write } from './io.js'
import { painter } from './output/terminal.js'
import { buildProgram } from './program.js'

/**
 * Runs the command line: everything `secondpass` does, without touching the process it runs in.
 *
 * @param args what stands behind `secondpass`, for example `['eval', '--help']`
 * @returns the exit code; errors are printed to stderr, not thrown.
 */
export async function runCli(args: readonly string[], io: Io): Promise<ExitCode> {
  try {
    const code = await perform(args, io)
    // What was done to the end is done, but Ctrl-C must not end in an exit code that says all is well.
    return io.signal.aborted ? exitCodeOf(io.signal.reason) : code
  } catch (error) {
    return explain(io.signal.aborted ? io.signal.reason : error, args, io)
  }
}

async function perform(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok
  const help: string[] = []
  const program = buildProgram(
    io,
    (ended) => (code = ended),
    (text) => help.push(text),
  )
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
  }
  if (help.length > 0) await write(io, help.join(''))
  return code
}

/** Prints an error as one line, with the stack if asked for, or if the message alone explains nothing. */
export function explain(error: unknown, args: readonly string[], io: Io): ExitCode {
  if (error instanceof Stopped) {
    if (error.because === 'SIGINT') tell(io, 'secondpass: interrupted; what was written so far is valid')
    return error.exitCode
  }
  tell(io, ` ${oneLine(error)}`, painter(io.stderr, io.env)('red', 'secondpass:'))
  const isVerbose = args.includes('--verbose') || /\bsecondpass\b|\*/.test(io.env['DEBUG'] ?? '')
  if (error instanceof Error && isVerbose) for (const line of String(error.stack).split('\n')) tell(io, line)
  else if (!isExplained(error)) tell(io, 'secondpass: this is unexpected: DEBUG=secondpass shows where it happened')
  return exitCodeOf(error)
}
