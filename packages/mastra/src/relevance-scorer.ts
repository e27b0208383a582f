import { asReranker, RerankError, type Reranker, type RerankerSource } from '@secondpass/core'

/** A ready `reranker` (whoever made it closes it) or the options of `createReranker`. */
export type RelevanceOptions = RerankerSource & { readonly topN?: undefined }

/** A text whose number somebody waits for. */
interface Waiting {
  readonly text: string
  resolve(score: number): void
  reject(error: unknown): void
}

/**
 * What Mastra calls a `RelevanceScoreProvider`: for `rerankWithScorer` and the `reranker` of `createVectorQueryTool`.
 *
 * Mastra asks for one text at a time, but for all results of a query in one turn. The calls of a turn are gathered into one
 * ranking of the whole list, so that a hosted scorer is asked once instead of once a text, a scorer of the scope `'pool'`
 * sees the pool, and a deadline or a skip policy holds for the query.
 */
export class RelevanceScorer {
  private readonly reranker: Reranker
  private readonly waiting = new Map<string, Waiting[]>()

  /** @throws RerankError `'invalid-argument'` for an option that is unknown, wrong, or given beside a ready reranker. */
  constructor(options: RelevanceOptions = {}) {
    this.reranker = asReranker(options, 'RelevanceScorer')
  }

  /**
   * @returns the score of the text, 0..1. 0 when nothing was ranked (skipped, failed with `onError: 'keep-order'`, late),
   *   when the text lies beyond `depth`, and when it is below `minScore`: Mastra's other weights then decide.
   * @throws RerankError of code `'scorer'` when the scorer gives numbers outside 0..1, which Mastra cannot weigh; otherwise
   *   what `rerank` throws.
   */
  async getRelevanceScore(query: string, text: string): Promise<number> {
    return new Promise<number>((resolve, reject) => {
      const others = this.waiting.get(query)
      if (others !== undefined) return void others.push({ text, resolve, reject })
      this.waiting.set(query, [{ text, resolve, reject }])
      queueMicrotask(() => void this.rank(query))
    })
  }

  /** Loads the model ahead of the first call. Idempotent. */
  async warmup(): Promise<void> {
    await this.reranker.warmup()
  }

  /** Closes the reranker that this object made; a ready `reranker` is left to its maker. Idempotent. */
  async close(): Promise<void> {
    await this.reranker.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Answers everybody who asked for this query in this turn. */
  private async rank(query: string): Promise<void> {
    const asked = this.waiting.get(query) ?? []
    this.waiting.delete(query)
    try {
      const candidates = asked.map(({ text }) => ({ text }))
      const { results } = await this.reranker.rerank(query, candidates, { topN: Infinity })
      const scores = new Array<number>(asked.length).fill(0)
      for (const { index, score } of results) if (score !== undefined) scores[index] = withinOne(score)
      for (const [at, { resolve }] of asked.entries()) resolve(scores[at] as number)
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }
}

function withinOne(score: number): number {
  if (score >= 0 && score <= 1) return score
  const fix = 'take a scorer of probabilities, or rerankResults(), which orders by any number'
  throw new RerankError('scorer', `The scorer gave ${score}, and Mastra weighs numbers from 0 to 1: ${fix}.`)
}
