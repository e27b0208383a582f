import { invalidArgument } from '../../base/errors.js'

/** What {@link yamlText} writes. Properties that are `undefined` are left out. */
export type YamlValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | Date
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue }

/** Cannot be taken for anything but text, wherever it stands. */
const PLAIN = /^[\p{L}_][\p{L}\p{N}_]*(?:[ .,()/'-]+[\p{L}\p{N}_()]+)*$/u
/** Words that some version of YAML reads as something else. */
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null|nan|inf)$/i
/** What JSON leaves as it is and YAML does not read back. */
const UNPRINTABLE = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g

/**
 * A structured document as YAML, which Cohere advises for its rerankers: each field under its name, in the order given. Put
 * the long ones last, since the end is what a service cuts off. Several lines of text stay lines of text.
 *
 * @example { text: yamlText({ title: 'Mains adapter', price: 29, body: description }) }
 * @throws RerankError `'invalid-argument'` for what YAML has no form for: functions, symbols, bigints, an object in itself.
 */
export function yamlText(fields: { readonly [key: string]: YamlValue }): string {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw invalidArgument('fields', fields, "pass an object, for example { title: 'Lamp', body: '…' }")
  }
  return block(fields, []).join('\n') || '{}'
}

/** The lines of a value that is more than a scalar. */
function block(value: object, above: readonly object[]): string[] {
  if (above.includes(value)) throw invalidArgument('fields', value, 'it holds itself; pass plain data')
  const inside = [...above, value]
  if (Array.isArray(value)) return value.flatMap((item: unknown) => listItem(item ?? null, inside))
  return Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : field(scalar(key), item, inside)))
}

function field(key: string, value: unknown, above: readonly object[]): string[] {
  if (!isStructure(value)) {
    const [first = '', ...rest] = text(value)
    return [`${key}: ${first}`, ...indented(rest)]
  }
  const lines = block(value, above)
  return lines.length === 0 ? [`${key}: ${empty(value)}`] : [`${key}:`, ...indented(lines)]
}

function listItem(value: unknown, above: readonly object[]): string[] {
  const lines = isStructure(value) ? block(value, above) : text(value)
  const [first = empty(value as object), ...rest] = lines
  return [`- ${first}`, ...indented(rest)]
}

function isStructure(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Date)
}

function empty(value: object): string {
  return Array.isArray(value) ? '[]' : '{}'
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`))
}

/** Where a literal block would lose or change white space, or cannot stand at all. */
const NOT_LITERAL = /^\s|\s$|\n[ \t]+\n|\n\t|[^\P{C}\n]|[\u2028\u2029]/u

/** One line, or the lines of a literal block, of which all but the first are to be indented. */
function text(value: unknown): string[] {
  const isLiteral = typeof value === 'string' && value.includes('\n') && !NOT_LITERAL.test(value)
  return isLiteral ? ['|-', ...value.split('\n')] : [scalar(value)]
}

function scalar(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : specialNumber(value)
  if (value instanceof Date) return quoted(value.toJSON() ?? 'invalid date')
  if (typeof value !== 'string')
    throw invalidArgument('fields', value, 'pass plain data: text, numbers, lists, objects')
  return PLAIN.test(value) && !RESERVED.test(value) ? value : quoted(value)
}

function specialNumber(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  return value > 0 ? '.inf' : '-.inf'
}

function quoted(value: string): string {
  const whole = value.replace(/\p{Surrogate}/gu, '\ufffd')
  return JSON.stringify(whole).replace(UNPRINTABLE, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
