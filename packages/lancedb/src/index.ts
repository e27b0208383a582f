export { HybridReranker, type HybridRerankerOptions } from './hybrid.js'
export type { RerankerSource, RowOptions } from './options.js'
export { type RerankedRow, rerankRows, type RerankRowsOptions } from './rows.js'
