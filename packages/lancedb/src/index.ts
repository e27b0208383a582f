export { HybridReranker, type HybridRerankerOptions } from './hybrid.js'
export type { RerankerSource } from '@secondpass/core'
export type { RowOptions } from './options.js'
export { type RerankedRow, rerankRows, type RerankRowsOptions } from './rows.js'
