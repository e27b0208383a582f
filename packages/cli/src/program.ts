import { Command } from 'commander'
import { addCalibrate } from './commands/calibrate.js'
import { addDepth } from './commands/depth.js'
import { addEncode } from './commands/encode.js'
import { addEval } from './commands/eval.js'
import { addInit } from './commands/init.js'
import { addLabel } from './commands/label.js'
import { addMcp } from './commands/mcp.js'
import { addPrune } from './commands/prune.js'
import { addRerank } from './commands/rerank.js'
import { addServe } from './commands/serve.js'
import { addDoctor, addFetchModel } from './commands/setup.js'
import { addWork } from './commands/work.js'
import { type ExitCode, misuse, oneLine } from './errors.js'
import type { Io } from './io.js'
import { version } from './version.js'

const FOOTER = `
Exit codes: 0 done, 1 failed, 2 wrong command line, 3 done but for lines left out, 130 Ctrl-C, 143 SIGTERM.
Environment: NO_COLOR and FORCE_COLOR for colours, DEBUG=secondpass for the stack of an error.`

/**
 * The commands, and what each is told and answers with.
 *
 * @param print where help and version go
 */
export function buildProgram(io: Io, ended: (code: ExitCode) => void, print: (text: string) => void): Command {
  const program = new Command('secondpass')
    .description('Second-stage reranking: reranks search results, and measures whether that helps.')
    .version(version)
    .option('--verbose', 'print the stack of an error')
    .helpCommand(false)
    .addHelpText('after', FOOTER)
  const commands = [
    addInit,
    addRerank,
    addEncode,
    addServe,
    addEval,
    addCalibrate,
    addDepth,
    addLabel,
    addMcp,
    addWork,
    addFetchModel,
    addDoctor,
    addPrune,
  ]
  for (const add of commands) add(program, io, ended)
  for (const command of [program, ...program.commands]) prepare(command, io, print)
  return program
}

/** Errors are thrown, and printed in one place. */
function prepare(command: Command, io: Io, print: (text: string) => void): void {
  command
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: print,
      writeErr: () => {},
      getOutHelpWidth: () => Math.min(io.stdout.columns ?? 100, 110),
    })
    .exitOverride((error) => {
      if (error.exitCode === 0) throw error
      const name = command.parent === null ? 'secondpass' : `secondpass ${command.name()}`
      throw misuse(`${oneLine(error).replace(/^error: /, '')}; see \`${name} --help\``)
    })
}
