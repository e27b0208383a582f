/** Where a warning goes when the caller names no other place: the process, with a name that can be filtered. */
export function warn(message: string): void {
  process.emitWarning(message, 'SecondpassWarning')
}
