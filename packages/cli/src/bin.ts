#!/usr/bin/env node
import { Stopped } from './errors.js'
import { releaseLocks } from './files/lock.js'
import { type Io, tell } from './io.js'
import { safeStdout } from './output/stdout.js'
import { explain, runCli } from './run.js'

const controller = new AbortController()
const args = process.argv.slice(2)
const io: Io = {
  stdin: process.stdin,
  stdout: safeStdout(process.stdout),
  stderr: process.stderr,
  env: process.env,
  signal: controller.signal,
}

/** The first signal lets the work end in order; the second ends it at once. */
function stop(because: Stopped['because']): void {
  const stopped = new Stopped(because)
  if (controller.signal.aborted) process.exit(stopped.exitCode)
  controller.abort(stopped)
}

process.on('exit', releaseLocks)
process.on('SIGINT', () => stop('SIGINT'))
process.on('SIGTERM', () => stop('SIGTERM'))
// Where a limit on the size of files is reached, the write fails and says so, instead of ending the process.
if (process.platform !== 'win32') process.on('SIGXFSZ', () => {})
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Any other error is told to whoever wrote.
  if (error.code === 'EPIPE') controller.abort(new Stopped('EPIPE'))
})
// Nobody listens to what a person would be told, which is no reason to stop the work.
process.stderr.on('error', () => {})
// Warnings and what nobody caught may hold text from outside, as everything else that is printed.
process.removeAllListeners('warning')
process.on('warning', ({ name, message }) => tell(io, `secondpass: ${name}: ${message}`))
process.on('uncaughtException', (error) => process.exit(explain(error, args, io)))

const code = await runCli(args, io)
// Not process.exitCode alone: a scorer module may leave a connection open, and a job must not hang on it. What is still
// on its way to stdout goes out first.
if (controller.signal.aborted) process.exit(code)
process.stdout.write('', () => process.exit(code))
