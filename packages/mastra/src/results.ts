import { asReranker, type RankedResult, type Reranker, RerankError } from '@secondpass/core'

/** What is read of Mastra's `QueryResult`. */
export interface MastraResult {
  /** The vector store's similarity, higher is better. */
  readonly score: number
  /** The text stands under `text`, where Mastra's stores and tools keep it. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  /** Where some stores keep the text. */
  readonly document?: string | undefined
}

/** What Mastra calls `RerankResult`. */
export interface Reranked<R extends MastraResult> {
  /** The very object given. */
  readonly result: R
  /** What the order is by: the blend where there is one, else the scorer's number, else the vector store's. */
  readonly score: number
  readonly details: {
    /** The scorer's number; 0 when no model read the text. */
    readonly semantic: number
    /** The vector store's number, as given. */
    readonly vector: number
    /** 1 for the first result given, down to 1/n for the last. */
    readonly position: number
  }
}

/** Options of {@link rerankResults}. */
export interface RerankResultsOptions {
  /** How many results come back, at least 1. Default 3, as in Mastra. */
  readonly topK?: number | undefined
  /** Milliseconds for this call; when they pass, the order stays. Default: that of the reranker. */
  readonly deadlineMs?: number | undefined
  /** What counts as relevant in this call, in words; refused by a reranker whose scorer takes none. Default: its own. */
  readonly instruction?: string | undefined
  /** Aborting it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Reranks the results of a Mastra vector store as one list, with their similarities as first-stage scores, so that the
 * blend of the reranker and its skip policies can use them. Mastra's own weights are not applied.
 *
 * @param results in the store's order; those without a text take no part and follow the others in their order.
 * @returns the best `topK`, best first, in the shape of Mastra's `rerank`.
 * @throws RerankError `'invalid-argument'` for a wrong argument; otherwise what `reranker.rerank` throws.
 */
export async function rerankResults<R extends MastraResult>(
  reranker: Reranker,
  { query, results, ...options }: { readonly query: string; readonly results: readonly R[] } & RerankResultsOptions,
): Promise<Reranked<R>[]> {
  const { topK = 3, deadlineMs, signal, instruction } = options
  const ready = asReranker({ reranker }, 'rerankResults')
  if (!Number.isInteger(topK) || topK < 1) {
    throw new RerankError('invalid-argument', `topK is ${String(topK)}: pass a whole number of at least 1`)
  }
  if (!Array.isArray(results)) {
    throw new RerankError('invalid-argument', `results is ${typeof results}: pass what the vector store returned`)
  }
  const places = results.map((result, place) => ({ place, text: textOf(result) }))
  const readable = places.filter(({ text }) => text !== undefined)
  const candidates = readable.map(({ place, text }) => ({ text: text as string, score: finite(results[place]?.score) }))
  const ranking = await ready.rerank(query, candidates, { topN: topK, deadlineMs, signal, instruction })
  const ranked = ranking.results.map((found) =>
    shaped(results, (readable[found.index] as { place: number }).place, found),
  )
  const others = places.filter(({ text }) => text === undefined).map(({ place }) => shaped(results, place))
  return [...ranked, ...others].slice(0, topK)
}

function shaped<R extends MastraResult>(results: readonly R[], place: number, found?: RankedResult): Reranked<R> {
  const result = results[place] as R
  const semantic = found?.score ?? 0
  return {
    result,
    score: found?.blendedScore ?? found?.score ?? result.score,
    details: { semantic, vector: result.score, position: 1 - place / results.length },
  }
}

function textOf(result: MastraResult): string | undefined {
  for (const text of [result?.metadata?.['text'], result?.document]) {
    if (typeof text === 'string' && text !== '') return text
  }
  return undefined
}

function finite(score: unknown): number | undefined {
  return typeof score === 'number' && Number.isFinite(score) ? score : undefined
}
