/**
 * Where the parts of a JSON text stand, so that what is not ours goes out as it came in: numbers with all their digits, keys
 * in their order and as often as they stand there. `JSON.parse` rounds numbers to 53 bits and sorts keys that look like
 * numbers. Each text here has been through `JSON.parse` before, so nothing is checked again.
 */

/** The source of each element of an array. */
export function elementsOf(source: string): string[] {
  const elements: string[] = []
  for (let at = after(source, source.indexOf('[') + 1); source[at] !== ']';) {
    const end = endOf(source, at)
    elements.push(source.slice(at, end))
    at = afterComma(source, end)
  }
  return elements
}

/** The source of each value of an object with its key, in their order; a key may be there more than once. */
export function membersOf(source: string): [key: string, value: string][] {
  const members: [string, string][] = []
  for (let at = after(source, source.indexOf('{') + 1); source[at] !== '}';) {
    const endOfKey = endOf(source, at)
    const start = after(source, source.indexOf(':', endOfKey) + 1)
    const end = endOf(source, start)
    members.push([JSON.parse(source.slice(at, endOfKey)) as string, source.slice(start, end)])
    at = afterComma(source, end)
  }
  return members
}

/** The first key that is there twice; readers do not agree on which of the two counts. */
export function repeatedKey(members: readonly (readonly [key: string, value: string])[]): string | undefined {
  const seen = new Set<string>()
  return members.find(([key]) => seen.size === seen.add(key).size)?.[0]
}

/**
 * An id as text: a string as it is, a number with all its digits. Numbers that are equal get one text where that text says
 * all of them: `7.0` and `7e0` are `7`.
 */
export function idText(source: string): string {
  if (source.startsWith('"')) return JSON.parse(source) as string
  const short = String(Number(source))
  return decimalOf(short) === decimalOf(source) ? short : source
}

/** A number in one notation: its digits without the zeros at both ends, and the power of ten of the last. */
function decimalOf(number: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(number) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  let end = digits.length
  while (digits[end - 1] === '0') end -= 1
  const kept = digits.slice(0, end)
  if (kept === '') return whole === '' ? number : '0'
  return `${sign}${kept}e${BigInt(power) - BigInt(fraction.length - (digits.length - kept.length))}`
}

function afterComma(source: string, end: number): number {
  const at = after(source, end)
  return source[at] === ',' ? after(source, at + 1) : at
}

/** Where the next thing begins. */
function after(source: string, at: number): number {
  while (isSpace(source[at])) at += 1
  return at
}

function isSpace(unit: string | undefined): boolean {
  return unit === ' ' || unit === '\t' || unit === '\n' || unit === '\r'
}

/** Where the value that begins at `at` ends. By hand: an expression overflows the stack on strings of some megabytes. */
function endOf(source: string, at: number): number {
  let depth = 0
  do {
    const first = source[at]
    if (first === '"') at = endOfString(source, at)
    else if (isMark(first)) at += 1
    else at = endOfScalar(source, at)
    if (first === '{' || first === '[') depth += 1
    else if (first === '}' || first === ']') depth -= 1
    if (depth > 0) at = after(source, at)
  } while (depth > 0)
  return at
}

/** A quotation mark behind an odd number of backslashes is one of the text. */
function endOfString(source: string, at: number): number {
  for (let end = source.indexOf('"', at + 1); ; end = source.indexOf('"', end + 1)) {
    let start = end
    while (source[start - 1] === '\\') start -= 1
    if ((end - start) % 2 === 0) return end + 1
  }
}

function endOfScalar(source: string, at: number): number {
  while (at < source.length && !isMark(source[at]) && !isSpace(source[at])) at += 1
  return at
}

function isMark(unit: string | undefined): boolean {
  return unit === ',' || unit === ':' || unit === '{' || unit === '}' || unit === '[' || unit === ']'
}
