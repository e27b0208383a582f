export { type RelevanceOptions, RelevanceScorer } from './relevance-scorer.js'
export { type MastraResult, type Reranked, type RerankResultsOptions, rerankResults } from './results.js'
