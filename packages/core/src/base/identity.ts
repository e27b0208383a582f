/**
 * What stands in a scorer's id for what cannot be written out. An id names everything that changes numbers: scores are kept
 * under it, perhaps for years and by several processes, and must never be taken for those of another scorer.
 */

/** Tells texts apart, without putting them into an id. FNV-1a, 32 bits. */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16)
}

const known = new WeakMap<object, string>()

/**
 * Names a function in an id. Nobody can tell whether two functions do the same, so each has a name of its own, in this
 * process: an id with it never matches that of another function, nor of another process.
 */
export function functionName(given: object): string {
  const name = known.get(given) ?? `unnamed-${Math.random().toString(36).slice(2, 10)}`
  known.set(given, name)
  return name
}
