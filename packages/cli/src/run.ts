import { RerankError } from '@secondpass/core'
import { type Command, CommanderError } from 'commander'
import { CliError, type ExitCode, Stopped, exitCodeOf, exitCodes, isExplained, misuse, oneLine } from './errors.js'
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
  if (args.length === 0) {
    // Read by a person who wanted to know what there is; a script that lost its command must not go on.
    io.stderr.write(`${program.helpInformation().trimEnd()}\n\n`)
    throw misuse('no command: name one of those above')
  }
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw inCommandLineWords(error, program, args)
  }
  if (help.length > 0) await write(io, help.join(''))
  return code
}

/**
 * An error of the library names its options as a program writes them, `topN`; the person at the command line wrote
 * `--top-n`.
 */
function inCommandLineWords(error: unknown, program: Command, [name]: readonly string[]): unknown {
  const command = program.commands.find((one) => one.name() === name)
  if (command === undefined || !RerankError.is(error) || error.code !== 'invalid-argument') return error
  let message = error.message
  for (const option of command.options) {
    const written = option.attributeName()
    if (option.long === undefined || option.long === null) continue
    const before = new RegExp(`^(?:options\\.)?${written}(?=[ .[])`)
    message = message.replace(before, option.long)
    // A name of several words is no word of a sentence, wherever it stands.
    if (/[A-Z]/.test(written))
      message = message.replaceAll(new RegExp(`(?<![\\w."'-])${written}(?![\\w"'])`, 'g'), option.long)
  }
  return message === error.message ? error : new CliError(message, { cause: error })
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
