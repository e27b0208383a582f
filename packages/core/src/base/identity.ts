import { trimEndWhile } from './check.js'

/**
 * What stands in a scorer's id for what cannot be written out, and where services are. An id names everything that changes numbers: scores are kept
 * under it, perhaps for years and by several processes, and must never be taken for those of another scorer.
 */

/** Tells texts apart, without putting them into an id. FNV-1a, 32 bits. */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16)
}

/** An instruction as a part of a scorer's id; no part when there is none. */
export function instructionParts(instruction: string | undefined): string[] {
  return instruction === undefined || instruction === '' ? [] : [`i${fingerprint(instruction)}`]
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

/**
 * Where a service is, as a part of an id: its host and, when it stands below a path or has a query, what tells that
 * apart, since one gateway may serve several models. Paths may hold tokens, so they are not shown.
 *
 * @param path the part of the path that every service of this kind has
 */
export function placeName(address: string, path: string = ''): string {
  const { host, pathname, search } = new URL(address)
  const whole = trimEndWhile(pathname, (unit) => unit === '/')
  const own = whole.endsWith(path) ? whole.slice(0, whole.length - path.length) : whole
  const rest = `${own.replace(/^\/v\d+$/, '')}${search}`
  return rest === '' ? host : `${host}/${fingerprint(rest)}`
}

/** Host and port: what may stand in an error. Paths and queries may hold tokens. */
export function hostOf(url: string): string {
  return new URL(url).host
}

/** The URL of a path below a base URL, which may end in a slash or already in the path, and keeps its query. */
export function urlBelow(base: string, path: string): string {
  const url = new URL(base)
  const prefix = trimEndWhile(url.pathname, (unit) => unit === '/')
  url.pathname = prefix.endsWith(path) ? prefix : prefix + path
  return url.href
}
