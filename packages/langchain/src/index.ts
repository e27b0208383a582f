export {
  type RerankCallOptions,
  RerankCompressor,
  type RerankCompressorFields,
  type RerankCompressorOptions,
  type RerankEntry,
} from './compressor.js'
export type { GetScore } from './documents.js'
export { type PromptRunnable, generateWith } from './generate.js'
export {
  type FilterOf,
  RerankRetriever,
  type RerankRetrieverFields,
  type RerankRetrieverOptions,
  type ScoredSearch,
} from './retriever.js'
export type { RerankerSource } from '@secondpass/core'
export type { RankingOptions } from './source.js'
