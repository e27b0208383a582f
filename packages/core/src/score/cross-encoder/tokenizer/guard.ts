import { RerankError, show } from '../../../base/errors.js'

/** Steps within steps; files in use have two or three. */
const DEEPEST = 32

/** Parts of a tokenizer.json that hold steps, which may hold further ones. */
const PIPELINE = ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder'] as const

/**
 * Refuses a parsed tokenizer.json that could hold up the process for ever: steps nested without end, and patterns that can
 * be matched in so many ways that a text of a line takes years. Whoever runs a pattern cannot interrupt it.
 *
 * @throws RerankError `'model-files'` with the pattern.
 */
export function refuseEndlessWork(tokenizerJson: unknown): void {
  if (typeof tokenizerJson !== 'object' || tokenizerJson === null) return
  for (const part of PIPELINE) checkPart(part, (tokenizerJson as Readonly<Record<string, unknown>>)[part])
}

function checkPart(part: string, value: unknown): void {
  // A list of what is left and not a recursion, which would overflow the stack itself.
  const left = [{ value, depth: 0 }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue
    if (next.depth > DEEPEST * 2) throw refused(part, `more than ${DEEPEST} steps within each other`)
    for (const [name, inner] of Object.entries(next.value)) {
      if (name === 'Regex' && typeof inner === 'string' && repeatsRepetition(inner)) {
        throw refused(part, `the pattern ${show(inner)}, which repeats what is repeated in it`)
      }
      left.push({ value: inner, depth: next.depth + 1 })
    }
  }
}

function refused(part: string, what: string): RerankError {
  const fix = 'it may take for ever on a short text; write it without, or use another model'
  return new RerankError('model-files', `${part} of tokenizer.json has ${what}: ${fix}.`)
}

const QUANTIFIER = /[*+?]|\{(\d*)(,?)(\d*)\}/y

/**
 * Whether a group that may repeat holds something that may repeat a varying number of times, as `(a+)*` does: such a
 * pattern splits a run of `a` in twice as many ways for each further one.
 */
export function repeatsRepetition(pattern: string): boolean {
  // For each open group, whether anything in it repeats.
  const groups = [false]
  let at = 0
  /** Whether what stands before `at` is a group in which something repeats. */
  let holds = false
  while (at < pattern.length) {
    const unit = pattern[at] as string
    const quantifier = quantifierAt(pattern, at)
    if (quantifier !== undefined && at > 0) {
      if (holds && quantifier.repeats) return true
      if (quantifier.varies) groups[groups.length - 1] = true
      at += quantifier.length
      // Lazy or possessive.
      if (pattern[at] === '?' || pattern[at] === '+') at += 1
      continue
    }
    holds = false
    if (unit === '\\') at += 2
    else if (unit === '[') at = endOfClass(pattern, at)
    else {
      if (unit === '(') {
        groups.push(false)
        // Not the start of a quantifier.
        if (pattern[at + 1] === '?') at += 1
      } else if (unit === ')' && groups.length > 1) {
        holds = groups.pop() === true
        if (holds) groups[groups.length - 1] = true
      }
      at += 1
    }
  }
  return false
}

interface Quantifier {
  readonly length: number
  /** It may ask for two or more. */
  readonly repeats: boolean
  /** It may ask for two or more, and for other numbers too. */
  readonly varies: boolean
}

function quantifierAt(pattern: string, at: number): Quantifier | undefined {
  QUANTIFIER.lastIndex = at
  const [found, from, comma, to] = QUANTIFIER.exec(pattern) ?? []
  if (found === undefined || (found.startsWith('{') && from === '' && to === '')) return undefined
  if (found === '?') return { length: 1, repeats: false, varies: false }
  if (!found.startsWith('{')) return { length: 1, repeats: true, varies: true }
  const most = comma === '' ? Number(from) : to === '' ? Infinity : Number(to)
  return { length: found.length, repeats: most > 1, varies: most > 1 && most !== Number(from) }
}

/** Behind the bracket that closes the one at `start`; brackets may stand within each other. */
function endOfClass(pattern: string, start: number): number {
  let depth = 0
  for (let at = start; at < pattern.length; at++) {
    if (pattern[at] === '\\') at += 1
    else if (pattern[at] === '[') depth += 1
    // The first of a class is a bracket like any other.
    else if (pattern[at] === ']' && !/^\[\^?$/.test(pattern.slice(start, at)) && --depth === 0) return at + 1
  }
  return pattern.length
}
