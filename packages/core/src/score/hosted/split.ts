import { estimateTokens } from '../../tokens.js'

/** How much one request may hold. */
export interface RequestLimits {
  /** Texts per request. */
  readonly maxTexts: number
  /** Tokens per request, counting the query once for every text; estimated. Missing when the provider sets no bound. */
  readonly maxTokens?: number
  /** Tokens of one query and text that the provider reads at most; the rest is cut off and does not count. */
  readonly maxPairTokens?: number
}

/** A run of texts that goes into one request. */
export interface Batch {
  /** Where its first text stands among all. */
  readonly start: number
  readonly texts: readonly string[]
}

/** Cuts the texts into requests that keep the limits. A text that is too long for any request goes alone. */
export function splitTexts(query: string, texts: readonly string[], limits: RequestLimits): Batch[] {
  const { maxTexts, maxTokens = Infinity, maxPairTokens = Infinity } = limits
  const queryTokens = maxTokens === Infinity ? 0 : estimateTokens(query)
  const batches: { start: number; texts: string[] }[] = []
  let tokens = 0
  for (const [position, text] of texts.entries()) {
    const pairTokens = maxTokens === Infinity ? 0 : Math.min(queryTokens + estimateTokens(text), maxPairTokens)
    const last = batches.at(-1)
    if (last === undefined || last.texts.length >= maxTexts || tokens + pairTokens > maxTokens) {
      batches.push({ start: position, texts: [text] })
      tokens = pairTokens
    } else {
      last.texts.push(text)
      tokens += pairTokens
    }
  }
  return batches
}
