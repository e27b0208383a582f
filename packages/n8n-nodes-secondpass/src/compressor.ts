import type { Reranker } from '@secondpass/core'

/** What is read of a document of LangChain. */
export interface LangChainDocument {
  readonly pageContent: string
  readonly metadata?: Record<string, unknown>
}

/** What n8n's vector stores call: LangChain's document compressor, by shape. */
export interface DocumentCompressor {
  compressDocuments<D extends LangChainDocument>(documents: readonly D[], query: string): Promise<D[]>
}

/** Sees each call, so that it stands in the log of the workflow. */
export interface CallLog {
  begin(call: { readonly query: string; readonly documents: readonly LangChainDocument[] }): number
  end(place: number, answer: readonly LangChainDocument[] | Error): void
}

/**
 * A compressor around a reranker. Copies of the documents come back, best first, with the score in
 * `metadata.relevanceScore`, where n8n reads it; where nothing was ranked n8n finds none.
 */
export function compressorOf(
  reranker: Reranker,
  { topN, deadlineMs, log }: { readonly topN: number; readonly deadlineMs?: number; readonly log: CallLog },
): DocumentCompressor {
  async function rank<D extends LangChainDocument>(documents: readonly D[], query: string): Promise<D[]> {
    const candidates = documents.map(({ pageContent }) => ({ text: pageContent }))
    const { results } = await reranker.rerank(query, candidates, { topN, deadlineMs })
    return results.map(({ index, score }) => scored(documents[index] as D, score))
  }
  return {
    compressDocuments(documents, query) {
      const place = log.begin({ query, documents })
      const found = rank(documents, query)
      return found.then(
        (answer) => (log.end(place, answer), found),
        (error: unknown) => (log.end(place, error as Error), found),
      )
    },
  }
}

/** A copy that keeps its prototype and everything else; an earlier score is of another scale. */
function scored<D extends LangChainDocument>(document: D, score: number | undefined): D {
  const { relevanceScore: _earlier, ...metadata } = document.metadata ?? {}
  const changed = { ...metadata, ...(score !== undefined && { relevanceScore: score }) }
  return Object.assign(Object.create(Object.getPrototypeOf(document) as object), document, { metadata: changed }) as D
}
