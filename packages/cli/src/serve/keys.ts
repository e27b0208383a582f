import { createHash, timingSafeEqual } from 'node:crypto'
import { CliError, usageError } from '../errors.js'
import { readSmallFile } from '../input/open.js'
import type { Io } from '../io.js'

/** The variable that holds keys where no file does. */
export const KEYS_VARIABLE = 'SECONDPASS_API_KEYS'

/** Decides whether a request may pass. */
export interface Gate {
  /** Whether a key is asked for at all. */
  readonly isLocked: boolean
  /** Whether the headers hold one of the keys; always, where none is asked for. */
  opens(headers: Headers): boolean
}

/**
 * The keys of a file, one a line, or of the environment, with commas or line breaks between them. Lines that begin with `#`
 * are passed over.
 *
 * @throws CliError when the file cannot be read, holds no key, or one that no header can hold.
 */
export function readKeys(file: string | undefined, { env }: Pick<Io, 'env'>): readonly string[] {
  const text = file === undefined ? (env[KEYS_VARIABLE] ?? '').replaceAll(',', '\n') : readSmallFile(file)
  const lines = text.split('\n').map((line) => line.trim())
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'))
  const source = file === undefined ? KEYS_VARIABLE : `--api-keys ${file}`
  if (keys.some((key) => !/^[\x21-\x7e]+$/.test(key))) {
    // Not shown: it is a secret.
    throw new CliError(`${source} holds a key that no header can hold: use printable ASCII characters without blanks`)
  }
  if (file !== undefined && keys.length === 0) throw usageError('--api-keys', file, 'it holds no key: write one a line')
  return keys
}

/** A gate for these keys, which are compared in a time that tells nothing of them; without keys it is open. */
export function gateFor(keys: readonly string[]): Gate {
  const digests = keys.map(digest)
  return {
    isLocked: digests.length > 0,
    opens(headers) {
      if (digests.length === 0) return true
      const bearer = /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1]
      // Clients that have a header for the key may fill in the usual one too, with "None" or the like.
      const offered = [bearer, headers.get('api-key'), headers.get('x-api-key')].map((key) => digest(key ?? ''))
      const pairs = digests.flatMap((known) => offered.map((one) => [known, one] as const))
      // All are compared, so that the time does not tell which one it was.
      return pairs.reduce((isKnown, [known, one]) => timingSafeEqual(known, one) || isKnown, false)
    },
  }
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
