export { type ExitCode, exitCodes } from './exit-codes.js'
export type { Input, Io, Output } from './io.js'
export { runCli } from './run.js'
