import type { DocumentInterface } from '@langchain/core/documents'
import { type Candidate, RerankError } from '@secondpass/core'

/** Reads a document's first-stage score: any scale, higher is better. `undefined` when there is none. */
export type GetScore = (document: DocumentInterface) => number | undefined

/** What the reranker reads of each document. The documents themselves are neither passed on nor changed. */
export function toCandidates(documents: readonly DocumentInterface[], getScore: GetScore): Candidate[] {
  if (!Array.isArray(documents)) {
    throw new RerankError('invalid-argument', `documents is ${typeof documents}: pass an array of LangChain documents`)
  }
  return documents.map((document: DocumentInterface, index) => {
    if (typeof document?.pageContent !== 'string') {
      throw new RerankError(
        'invalid-argument',
        `documents[${index}].pageContent is ${typeof document?.pageContent}: every document needs its text there`,
      )
    }
    const { id, pageContent } = document
    return { text: pageContent, score: getScore(document), ...(typeof id === 'string' && { id }) }
  })
}

/** A number under `key` of the metadata; anything else there is no score. */
export function scoreAt(document: DocumentInterface, key: string): number | undefined {
  const value: unknown = document.metadata?.[key]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/**
 * A copy with `changes` merged into its metadata; a key whose change is `undefined` is left out of the copy. The
 * prototype (`instanceof Document`), `id` and any other property are kept. Metadata is copied one level deep.
 */
export function withMetadata<D extends DocumentInterface>(document: D, changes: Record<string, unknown>): D {
  const metadata: Record<string, unknown> = { ...document.metadata, ...changes }
  for (const key of Object.keys(changes)) if (changes[key] === undefined) delete metadata[key]
  return Object.assign(Object.create(Object.getPrototypeOf(document) as object), document, { metadata }) as D
}
