/**
 * Where a warning goes when the caller names no other place: in Node.js the process, with a name that can be filtered;
 * elsewhere the console, which is all there is.
 */
export function warn(message: string): void {
  const { process, console } = globalThis as { process?: Partial<NodeJS.Process>; console: Pick<Console, 'warn'> }
  if (process?.emitWarning !== undefined) process.emitWarning(message, 'SecondpassWarning')
  else console.warn(`SecondpassWarning: ${message}`)
}
