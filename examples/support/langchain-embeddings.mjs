// @ts-check
import { Embeddings } from '@langchain/core/embeddings'
import { wordVector } from './word-vector.mjs'

/** The word-counting stand-in as LangChain embeddings. Use OpenAIEmbeddings or the like in its place. */
export class WordEmbeddings extends Embeddings {
  constructor() {
    super({})
  }

  /** @override @param {string[]} documents */
  async embedDocuments(documents) {
    return documents.map(wordVector)
  }

  /** @override @param {string} document */
  async embedQuery(document) {
    return wordVector(document)
  }
}
