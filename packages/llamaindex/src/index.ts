export { type CompletingLLM, generateWith } from './generate.js'
export type { MetadataModeName, QueryContent, Reranked, ScoredNode } from './nodes.js'
export {
  RerankPostprocessor,
  type RerankPostprocessorFields,
  type RerankPostprocessorOptions,
} from './postprocessor.js'
