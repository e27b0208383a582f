/**
 * The parts of LlamaIndex.TS that the postprocessor touches, described by shape. `NodeWithScore` and `MessageContent`
 * of any copy of `@llamaindex/core` fit, and nothing here needs that package to be installed.
 */

/** Which metadata `getContent` puts in front of the text: the values of LlamaIndex's `MetadataMode`. */
export type MetadataModeName = 'ALL' | 'EMBED' | 'LLM' | 'NONE'

/** What LlamaIndex calls `NodeWithScore`. */
export interface ScoredNode {
  readonly node: {
    /** `never` stands for LlamaIndex's enum, to which a plain string is not assignable. */
    getContent(metadataMode: never): string
  }
  readonly score?: number | undefined
}

/** A node as the postprocessor returns it. */
export type Reranked<N extends ScoredNode> = N & {
  /** The score that the retriever gave. Missing when there was none. */
  readonly firstStageScore?: number
  /** With `blend`: the mix of both scores that the order is by, 0..1 and relative to these nodes. */
  readonly blendedScore?: number
}

/** What LlamaIndex calls `MessageContent`: a text, or parts of which those of type `'text'` are read. */
export type QueryContent = string | readonly { readonly type: string; readonly text?: string }[]

/** The text of a query: parts are joined by an empty line, as LlamaIndex does. `undefined` when there is none. */
export function textOf(query: QueryContent | undefined): string | undefined {
  if (query === undefined || typeof query === 'string') return query
  if (!Array.isArray(query)) return undefined
  const texts = query
    .filter((part) => part?.type === 'text' && typeof (part.text ?? '') === 'string')
    .map((part) => part.text ?? '')
  return texts.length > 0 ? texts.join('\n\n') : undefined
}
