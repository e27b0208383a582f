export { RerankError, type RerankErrorCode } from './errors.js'
export { type Clock } from './clock.js'
export { type RerankerOptions, type StageOptions, defaults } from './options.js'
export { type CandidateOf, type RerankOptions } from './request.js'
export { type Reranker, createReranker } from './rerank.js'
export { type CrossEncoder, type CrossEncoderOptions, crossEncoder } from './score/onnx/cross-encoder.js'
export { type AgreementOptions, agreement } from './skip/agreement.js'
export { type CalibratedOptions, type PolicyData, type SkipCalibration, calibrated } from './skip/calibrated.js'
export { allOf, anyOf, not } from './skip/combine.js'
export {
  type AboveThresholdOptions,
  type ClearMarginOptions,
  type SmallPoolOptions,
  aboveThreshold,
  clearMargin,
  smallPool,
} from './skip/first-stage.js'
export { type KeywordQueryOptions, keywordQuery } from './skip/keyword-query.js'
export { type WontFinishOptions, wontFinish } from './skip/wont-finish.js'
export { type CachedScore, type ScoreCache } from './wrap/cache-entry.js'
export { withCache } from './wrap/cache.js'
export { type ChunkOptions, withChunks } from './wrap/chunk.js'
export type {
  Blend,
  Call,
  Candidate,
  Milliseconds,
  OnError,
  Outcome,
  Pool,
  RankedResult,
  Ranking,
  Report,
  Scope,
  Scorer,
  SkipPolicy,
  SkipReason,
  Span,
  StageReport,
  TextNote,
} from './types.js'
