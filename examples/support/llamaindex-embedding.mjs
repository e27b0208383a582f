// @ts-check
import { BaseEmbedding } from 'llamaindex'
import { wordVector } from './word-vector.mjs'

/** The word-counting stand-in as a LlamaIndex embedding. Use OpenAIEmbedding or the like in its place. */
export class WordEmbedding extends BaseEmbedding {
  // oxlint-disable-next-line no-useless-constructor -- the constructor of the base class is protected.
  constructor() {
    super()
  }

  /** @override @param {string} text */
  async getTextEmbedding(text) {
    return wordVector(text)
  }
}
