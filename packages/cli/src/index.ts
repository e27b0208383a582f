export { type ExitCode, exitCodes } from './errors.js'
export type { Input, Io, Output } from './io.js'
export { runCli } from './run.js'
