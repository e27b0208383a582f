import {
  asReranker,
  type Candidate,
  RerankError,
  type RankedResult,
  type Reranker,
  type RerankerSource,
} from '@secondpass/core'
import { type MetadataModeName, type QueryContent, type Reranked, type ScoredNode, textOf } from './nodes.js'

/** Options of {@link RerankPostprocessor}, besides the reranker or the options to make one. */
export interface RerankPostprocessorFields {
  /** How many nodes come back, at least 1. Default: all, or what a ready `reranker` was made with. */
  readonly topN?: number | undefined
  /**
   * Milliseconds that reranking may take, above 0. When they run out the nodes come back as they came in, and the
   * report says `late`. Default: none, or the `deadlineMs` of the reranker.
   */
  readonly deadlineMs?: number | undefined
  /**
   * What counts as relevant, in words: `'Prefer what holds in Germany.'`. LlamaIndex has no way to say it for one query.
   * Refused, when nodes come, by a reranker whose scorer takes none, such as the bundled model. Default: what the scorer was
   * made with.
   */
  readonly instruction?: string | undefined
  /**
   * Which metadata the model reads in front of a node's text. `'NONE'`: the text alone. The other modes put lines like
   * `file_path: …` before it, which cost time and can pull the score either way. Default: `'NONE'`.
   */
  readonly metadataMode?: MetadataModeName | undefined
  /**
   * Reads the first-stage score of a node: any scale, higher is better; skip policies and `blend` go by it.
   * Default: `score`, which LlamaIndex's retrievers fill with a similarity.
   */
  readonly getScore?: ((node: ScoredNode) => number | undefined) | undefined
}

/** A ready `reranker` (whoever made it closes it) or the options of `createReranker`; and the fields of this class. */
export type RerankPostprocessorOptions = RerankPostprocessorFields & RerankerSource

/**
 * Reranks nodes wherever LlamaIndex.TS takes a node postprocessor: `asQueryEngine`, `RetrieverQueryEngine`,
 * `ContextChatEngine`.
 *
 * New `NodeWithScore` objects come back, best first, around the same nodes; neither the objects given nor the nodes are
 * changed. `score` is the reranker's, 0..1 with the bundled model, so a `SimilarityPostprocessor` may follow;
 * `firstStageScore` is the retriever's.
 */
export class RerankPostprocessor {
  private readonly reranker: Reranker
  private readonly fields: Pick<RerankPostprocessorFields, 'metadataMode' | 'getScore'>

  /** @throws RerankError `'invalid-argument'` for an option that is unknown, wrong, or given beside a ready reranker. */
  constructor(options: RerankPostprocessorOptions = {}) {
    if (typeof options !== 'object' || options === null) throw wrong(`options is ${shown(options)}: pass an object`)
    const { metadataMode, getScore, ...source } = options
    this.fields = { metadataMode, getScore }
    checkFields(this.fields)
    this.reranker = asReranker(source, 'RerankPostprocessor')
  }

  /**
   * @param nodes in first-stage order.
   * @param query a text or message content, whose text parts are read.
   * @returns the best `topN` nodes, best first. When nothing was ranked (skipped, failed, late) every node keeps the
   *   `score` it came with; in a ranked list a node that no model scored has none, since the scales do not mix.
   * @throws RerankError `'invalid-argument'` without a query; otherwise see `onError` of `createReranker`.
   */
  async postprocessNodes<N extends ScoredNode>(nodes: N[], query?: QueryContent): Promise<Reranked<N>[]> {
    const text = textOf(query)
    if (text === undefined) {
      throw new RerankError(
        'invalid-argument',
        'query has no text: pass the question that the nodes were retrieved for',
      )
    }
    const { results, report } = await this.reranker.rerank(text, this.candidatesOf(nodes))
    const ranked = report.stages.some((stage) => stage.outcome === 'ranked')
    return results.map((result) => rescored(nodes[result.index] as N, result, ranked))
  }

  /** Loads the model ahead of the first call. Idempotent. */
  async warmup(): Promise<void> {
    await this.reranker.warmup()
  }

  /** Closes the reranker that this postprocessor made; a ready `reranker` is left to its maker. Idempotent. */
  async close(): Promise<void> {
    await this.reranker.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  private candidatesOf(nodes: readonly ScoredNode[]): Candidate[] {
    const { metadataMode = 'NONE', getScore = finiteScore } = this.fields
    if (!Array.isArray(nodes)) throw wrong(`nodes is ${typeof nodes}: pass an array of { node, score }`)
    return Array.from(nodes, (item: ScoredNode, at) => {
      checkNode(item, at)
      const { id_: id } = item.node as { readonly id_?: unknown }
      const text = item.node.getContent(metadataMode as never)
      return { text, score: getScore(item), ...(typeof id === 'string' && { id }) }
    })
  }
}

/** @throws RerankError for what a retriever does not hand over, such as a node without its wrapper. */
function checkNode(item: unknown, at: number): void {
  const { node, getContent } = (item ?? {}) as { node?: { getContent?: unknown } | null; getContent?: unknown }
  if (typeof node?.getContent === 'function') return
  const isBare = typeof getContent === 'function'
  const what = isBare
    ? 'a bare node'
    : item === null || typeof item !== 'object'
      ? String(item)
      : 'an object without a node'
  throw wrong(`nodes[${at}] is ${what}: pass { node }, or { node, score }, as retrievers do`)
}

/** A cosine with an empty vector is NaN, which is no score. */
function finiteScore({ score }: ScoredNode): number | undefined {
  return Number.isFinite(score) ? score : undefined
}

/** A new object around the same node. Keys with no value are left out: exact optional properties. */
function rescored<N extends ScoredNode>(item: N, result: RankedResult, ranked: boolean): Reranked<N> {
  const { score: given, ...rest } = item
  const score = ranked ? result.score : given
  return {
    ...rest,
    ...(score !== undefined && { score }),
    ...(result.firstStageScore !== undefined && { firstStageScore: result.firstStageScore }),
    ...(result.blendedScore !== undefined && { blendedScore: result.blendedScore }),
  } as Reranked<N>
}

function checkFields({ metadataMode, getScore }: RerankPostprocessorFields): void {
  if (getScore !== undefined && typeof getScore !== 'function')
    throw wrong(`getScore is ${typeof getScore}: pass a function`)
  if (metadataMode !== undefined && !['ALL', 'EMBED', 'LLM', 'NONE'].includes(metadataMode)) {
    throw wrong(`metadataMode is ${shown(metadataMode)}: pass 'ALL', 'EMBED', 'LLM' or 'NONE'`)
  }
}

/** A value as it may stand in a message, whatever it is. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60))
  return ['number', 'boolean', 'undefined'].includes(typeof value) ? String(value) : `of type ${typeof value}`
}

function wrong(message: string): RerankError {
  return new RerankError('invalid-argument', `RerankPostprocessor: ${message}`)
}
