import { isError } from './errors.js'

/** Shorter strings are no secrets, and cutting them out would make messages unreadable. */
const SHORTEST_SECRET = 6

/** From this length on a part of a secret is hidden too: services cut what they echo. */
const LONG_SECRET = 16

/** More than any message that is shown; the rest of a longer text is left out. */
const LONGEST_TEXT = 20_000

const DEEPEST_CAUSE = 5

const MASK = '[secret]'

/**
 * The text with every secret replaced, also where it was written otherwise: in other case, URL-encoded, JSON- or
 * HTML-escaped, with blanks in between, in base64 or in hexadecimal, or cut to half or more. What a service has hashed or
 * encrypted cannot be found.
 */
export function redact(text: string, secrets: readonly string[]): string {
  const hidden = secrets.filter((secret) => secret.length >= SHORTEST_SECRET)
  if (hidden.length === 0) return text
  const shown = text.slice(0, LONGEST_TEXT)
  const read = plainForm(shown)
  const written = [...new Set(hidden.flatMap(formsOf))].flatMap((form) => [...placesOf(form, read.text)])
  const ranges = written.map(([from, to]): Range => [read.starts[from] as number, read.ends[to - 1] as number])
  // As they are, too: a secret may itself look like an escape, and then reads otherwise beside other characters.
  const plain = hidden.flatMap((secret) => [...placesOf(secret, shown)])
  return masked(shown, [...plain, ...ranges])
}

/**
 * What may be kept of an error as a `cause`: names, codes and redacted messages, all the way down. Errors of HTTP clients
 * carry whole requests with their headers; none of that is taken over.
 */
export function safeCause(
  error: unknown,
  secrets: readonly string[],
  depth: number = DEEPEST_CAUSE,
): Error | undefined {
  if (!isError(error) || depth === 0) return undefined
  const cause = safeCause(error.cause, secrets, depth - 1)
  const safe = new Error(redact(error.message, secrets), cause === undefined ? undefined : { cause })
  safe.name = error.name
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? Object.assign(safe, { code: redact(code, secrets) }) : safe
}

type Range = readonly [from: number, to: number]

function masked(text: string, ranges: readonly Range[]): string {
  let [safe, behind] = ['', 0]
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    if (from >= behind) safe += text.slice(behind, from) + MASK
    behind = Math.max(behind, to)
  }
  return safe + text.slice(behind)
}

/** A text as it is compared, and where each of its characters stands in the original. */
interface Plain {
  readonly text: string
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** One character that was written as several: `%41`, `\u0041`, `\x41`, `&#65;`, `&#x41;`, `\/`. */
const WRITTEN = /%([0-9a-f]{2})|\\+u\{?0*([0-9a-f]{1,4})\}?|\\+x([0-9a-f]{2})|&#x0*([0-9a-f]{1,4});|&#0*(\d{1,5});|\\/gi

/** What may stand between the characters of a secret without being seen. */
const BLANK = /[\s\p{Default_Ignorable_Code_Point}]/gu

/** Escapes inside escapes (`%2541`) are undone as often as this. */
const MOST_LAYERS = 3

/** Without escapes and blanks, in lower case, with the signs of one base64 alphabet. */
function plainForm(text: string): Plain {
  let plain: Plain = { text, starts: indices(text.length), ends: indices(text.length, 1) }
  for (let layer = 0; layer < MOST_LAYERS; layer++) {
    const next = rewritten(plain, WRITTEN)
    if (next.text === plain.text) break
    plain = next
  }
  // Only now: an escape is never made of two halves with a blank between them.
  plain = rewritten(plain, BLANK)
  const folded = plain.text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replaceAll('-', '+')
  return { ...plain, text: folded.replaceAll('_', '/') }
}

/** The text with each match replaced by the character that its first group is the code of, or by nothing. */
function rewritten({ text, starts, ends }: Plain, pattern: RegExp): Plain {
  const kept = { text: '', starts: [] as number[], ends: [] as number[] }
  const copy = (from: number, to: number): void => {
    kept.text += text.slice(from, to)
    for (let at = from; at < to; at++) {
      kept.starts.push(starts[at] as number)
      kept.ends.push(ends[at] as number)
    }
  }
  let behind = 0
  for (const match of text.matchAll(pattern)) {
    const [whole, percent, unicode, hex, entityHex, entity] = match
    copy(behind, match.index)
    behind = match.index + whole.length
    const sixteen = percent ?? unicode ?? hex ?? entityHex
    const unit = sixteen === undefined ? Number(entity) : Number.parseInt(sixteen, 16)
    if (Number.isNaN(unit)) continue
    kept.text += String.fromCharCode(unit)
    kept.starts.push(starts[match.index] as number)
    kept.ends.push(ends[behind - 1] as number)
  }
  copy(behind, text.length)
  return kept
}

function indices(length: number, first: number = 0): number[] {
  return Array.from({ length }, (_, at) => at + first)
}

/** What to look for: the secret, and what its bytes are in hexadecimal and base64. */
function formsOf(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret)
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [secret, hex, ...[0, 1, 2].map((before) => base64Inside(bytes, before))]
    .map((form) => plainForm(form).text)
    .filter((form) => form.length >= SHORTEST_SECRET)
}

/** The base64 digits that depend on these bytes alone, when so many other bytes (modulo 3) stand before them. */
function base64Inside(bytes: Uint8Array, before: number): string {
  const padded = Array.from({ length: before + bytes.length }, (_, at) => bytes[at - before] ?? 0)
  const digits = btoa(padded.map((byte) => String.fromCharCode(byte)).join(''))
  return digits.slice(Math.ceil((before * 8) / 6), Math.floor((padded.length * 8) / 6))
}

/** Where a form stands: whole, or, when it is long, its first or last half and what more of it follows. */
function* placesOf(form: string, text: string): Generator<Range> {
  const least = form.length < LONG_SECRET ? form.length : Math.ceil(form.length / 2)
  const [head, tail] = [form.slice(0, least), form.slice(-least)]
  for (let at = text.indexOf(head); at >= 0; at = text.indexOf(head, at + 1)) {
    let length = least
    while (length < form.length && text[at + length] === form[length]) length++
    yield [at, at + length]
  }
  if (least === form.length) return
  for (let at = text.indexOf(tail); at >= 0; at = text.indexOf(tail, at + 1)) {
    let length = least
    while (length < form.length && at + least - length > 0 && text[at + least - length - 1] === form.at(-length - 1)) {
      length++
    }
    yield [at + least - length, at + least]
  }
}
