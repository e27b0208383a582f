#!/usr/bin/env node
import { Stopped } from './errors.js'
import { runCli } from './run.js'

const controller = new AbortController()

/** The first signal lets the work end in order; the second ends it at once. */
function stop(because: Stopped['because']): void {
  const stopped = new Stopped(because)
  if (controller.signal.aborted) process.exit(stopped.exitCode)
  controller.abort(stopped)
}

process.on('SIGINT', () => stop('SIGINT'))
process.on('SIGTERM', () => stop('SIGTERM'))
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') controller.abort(new Stopped('EPIPE'))
    else throw error
  })
}

const { stdin, stdout, stderr, env } = process
const code = await runCli(process.argv.slice(2), { stdin, stdout, stderr, env, signal: controller.signal })
// Not process.exitCode alone: a scorer module may leave a connection open, and a job must not hang on it. What is still
// on its way to stdout goes out first.
if (controller.signal.aborted) process.exit(code)
stdout.write('', () => process.exit(code))
