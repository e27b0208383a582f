import { CommanderError } from 'commander'
import { type ExitCode, Stopped, exitCodeOf, exitCodes, isExplained, oneLine } from './errors.js'
import { type Io, tell } from './io.js'
import { painter } from './output/terminal.js'
import { buildProgram } from './program.js'

/**
 * Runs the command line: everything `secondpass` does, without touching the process it runs in.
 *
 * @param args what stands behind `secondpass`, for example `['eval', '--help']`
 * @returns the exit code; errors are printed to stderr, not thrown.
 */
export async function runCli(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok
  try {
    await buildProgram(io, (ended) => (code = ended)).parseAsync(args, { from: 'user' })
    // What was done to the end is done, but Ctrl-C must not end in an exit code that says all is well.
    return io.signal.aborted ? exitCodeOf(io.signal.reason) : code
  } catch (error) {
    if (error instanceof CommanderError) return exitCodes.ok
    return explain(io.signal.aborted ? io.signal.reason : error, args, io)
  }
}

/** Prints an error as one line, with the stack if asked for, or if the message alone explains nothing. */
function explain(error: unknown, args: readonly string[], io: Io): ExitCode {
  if (error instanceof Stopped) {
    if (error.because === 'SIGINT') tell(io, 'secondpass: interrupted; what was written so far is valid')
    return error.exitCode
  }
  tell(io, `${painter(io.stderr, io.env)('red', 'secondpass:')} ${oneLine(error)}`)
  const isVerbose = args.includes('--verbose') || /\bsecondpass\b|\*/.test(io.env['DEBUG'] ?? '')
  if (error instanceof Error && isVerbose) tell(io, String(error.stack))
  else if (!isExplained(error)) tell(io, 'secondpass: this is unexpected: DEBUG=secondpass shows where it happened')
  return exitCodeOf(error)
}
