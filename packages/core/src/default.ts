import { RerankError, warn } from './base/errors.js'
import { otherScript } from './skip/query.js'
import type { Blend, Scorer } from './types.js'

/**
 * How the bundled model is mixed with first-stage scores unless the caller says otherwise; for a stage of your own that
 * has the bundled model. On the mean of eight public collections this order has an nDCG@10 of 0.689, the model alone
 * 0.675, BM25 0.603 (README.md). Exact words that the model reads in pieces, such as part numbers, have their say by it.
 */
export const bundledBlend: Blend = { weight: 0.8 }

/**
 * The same for `crossEncoder({ model: 'bundled-tiny' })`, which knows less and leaves the search a larger say: on the mean
 * of the same collections the mix has an nDCG@10 of 0.649, with a weight of 0.8 it has 0.643
 * (packages/model-en-tiny/CARD.md).
 */
export const bundledTinyBlend: Blend = { weight: 0.7 }

/** The bundled scorer, which is not there until `load` has run. */
export interface BundledScorer {
  readonly scorer: Scorer<'pair'>
  /** Loads the code of the scorer, though not the model: from then on the scorer has its true id. Idempotent. */
  load(): Promise<void>
}

/**
 * Stands in for the bundled cross-encoder, so that importing this package loads neither its code nor its model. Warns once
 * when a query is written in a script that the model does not read: blended or not, its order is then far below that of
 * the first stage (bench/README.md, "Languages").
 */
export function bundledScorer(make: () => Promise<Scorer<'pair'>> = importCrossEncoder): BundledScorer {
  let made: Scorer<'pair'> | undefined
  let making: Promise<Scorer<'pair'>> | undefined
  let closed = false
  let warned = false
  const unread = otherScript()
  const load = async (): Promise<Scorer<'pair'>> => {
    if (closed) throw new RerankError('closed', 'The bundled scorer was closed: make a new reranker to go on.')
    making ??= make()
    try {
      return (made = await making)
    } catch (error) {
      // Not kept: the cause may be mended before the next call.
      making = undefined
      throw error
    }
  }
  const scorer: Scorer<'pair'> = {
    get id() {
      return made?.id ?? 'bundled'
    },
    scope: 'pair',
    score: async (query, texts, call) => {
      const real = await load()
      if (!warned && unread({ query, candidates: [], scorerId: real.id }) !== undefined) {
        warned = true
        warn(
          'The bundled model reads English, and a query is mostly in another script than Latin, where its order is worse ' +
            "than your search's. Pass skip: otherScript() to leave such queries alone, or a scorer that reads them.",
        )
      }
      return real.score(query, texts, call)
    },
    toProbability: (score) => made?.toProbability?.(score) ?? Number.NaN,
    countTokens: async (text) => (await load()).countTokens?.(text) as number | Promise<number>,
    warmup: async () => (await load()).warmup?.(),
    // What was never made needs no closing, and must not be loaded for it.
    close: async () => {
      closed = true
      await (await making?.catch(() => undefined))?.close?.()
    },
  }
  return { scorer, load: async () => void (await load()) }
}

async function importCrossEncoder(): Promise<Scorer<'pair'>> {
  const { crossEncoder } = await import('#node/score/cross-encoder/cross-encoder')
  return crossEncoder()
}
