// From the core of LlamaIndex, since the whole takes seconds to load: engines.test.ts alone does.
import { BaseEmbedding } from '@llamaindex/core/embeddings'
import { type NodeWithScore, TextNode } from '@llamaindex/core/schema'
import { deepFreeze } from '../fixtures/deep-freeze.ts'
import { query, texts } from '../fixtures/key-passages.ts'

export { query, texts }

/** Deep-frozen nodes with falling scores: whoever changes one gets an error. */
export function frozenNodes(): NodeWithScore[] {
  return texts.map((text, at) => {
    const node = new TextNode({ text, id_: `id-${at}`, metadata: { file_path: `how/do/I/${at}.md` } })
    return deepFreeze({ node, score: 0.9 - at / 10 })
  })
}

export function textsOf(nodes: readonly NodeWithScore[]): string[] {
  return nodes.map(({ node }) => (node as TextNode).text)
}

/** A stand-in for an embedding model: counts of words, spread over a few buckets. */
export class WordCountEmbedding extends BaseEmbedding {
  // oxlint-disable-next-line no-useless-constructor -- the constructor of the base class is protected.
  constructor() {
    super()
  }

  override async getTextEmbedding(text: string): Promise<number[]> {
    const counts = new Array<number>(64).fill(0)
    for (const word of text.toLowerCase().match(/\w+/g) ?? []) {
      const bucket = Array.from(word).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 64, 7)
      counts[bucket] = (counts[bucket] ?? 0) + 1
    }
    return counts
  }
}
