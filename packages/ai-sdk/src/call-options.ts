import type { SharedV3ProviderOptions } from '@ai-sdk/provider'
import { RerankError } from '@secondpass/core'

/**
 * What `providerOptions.secondpass` of one `rerank()` may hold; all of it optional. Write `satisfies SecondpassCallOptions`
 * behind the object to have it checked by the compiler.
 */
export interface CallOptions {
  /**
   * The scores that the search gave the documents, in their order; `null` for a document that has none. Any scale, higher
   * is better: turn distances round (`-distance`). With a score for each, the bundled models mix both orders, and skip
   * policies can decide by them.
   */
  readonly scores?: readonly (number | null)[]
  /**
   * Time for this call in milliseconds. When it has passed, the documents come back in the order reached so far, without an
   * error. Default: that of the model's settings.
   */
  readonly deadlineMs?: number
  /**
   * What happens when the scorer fails: `'throw'`, or `'keep-order'`, which gives the documents back as they came. Default:
   * that of the model's settings. Not for a model made of a ready reranker, which has its own.
   */
  readonly onError?: 'throw' | 'keep-order'
  /** What counts as relevant in this call, for scorers that take an instruction; refused for all others. */
  readonly instruction?: string
}

const known: Readonly<Record<keyof CallOptions, (value: unknown, documents: number) => string | undefined>> = {
  scores: (scores, documents) => {
    const fix = `pass an array with a finite number, or null, for each of the ${documents} documents`
    if (!Array.isArray(scores)) return `is ${shown(scores)}: ${fix}`
    if (scores.length !== documents) return `has ${scores.length} items: ${fix}`
    const wrong = scores.findIndex((score) => score !== null && !Number.isFinite(score))
    return wrong < 0 ? undefined : `holds ${shown(scores[wrong])} for document ${wrong}: ${fix}`
  },
  deadlineMs: (value) =>
    typeof value === 'number' && !Number.isNaN(value) ? undefined : `is ${shown(value)}: pass milliseconds`,
  onError: (value) =>
    value === 'throw' || value === 'keep-order' ? undefined : `is ${shown(value)}: pass 'throw' or 'keep-order'`,
  instruction: (value) =>
    typeof value === 'string' && value.trim() !== ''
      ? undefined
      : `is ${shown(value)}: pass a sentence, or leave it out`,
}

/**
 * Reads `providerOptions.secondpass`. An option that is `undefined` counts as left out.
 *
 * @throws RerankError `'invalid-argument'` for an option that does not exist or has a wrong value.
 */
export function readCallOptions(given: SharedV3ProviderOptions | undefined, documents: number): CallOptions {
  const options: unknown = given?.['secondpass'] ?? {}
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw refusal('', `is ${shown(options)}: pass an object with ${Object.keys(known).join(', ')}`)
  }
  const set = Object.entries(options).filter(([, value]) => value !== undefined)
  for (const [name, value] of set) {
    if (!Object.hasOwn(known, name)) throw refusal(`.${name}`, `does not exist: use ${Object.keys(known).join(', ')}`)
    const fault = known[name as keyof CallOptions](value, documents)
    if (fault !== undefined) throw refusal(`.${name}`, fault)
  }
  return Object.fromEntries(set) as CallOptions
}

function refusal(name: string, what: string): RerankError {
  return new RerankError('invalid-argument', `providerOptions.secondpass${name} ${what}`)
}

/** A value as it may stand in a message, whatever it is. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60))
  return ['number', 'boolean'].includes(typeof value) || value === null ? String(value) : `of type ${typeof value}`
}
