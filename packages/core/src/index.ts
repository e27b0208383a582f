export { ProviderError, RerankError, type RerankErrorCode } from './base/errors.js'
export type { Fetch } from './base/call.js'
export { type Clock } from './base/clock.js'
export { type RerankerOptions, type StageOptions } from './options.js'
export { type RerankOptions } from './request.js'
export { type Reranker, createReranker } from './rerank.js'
export { type RerankerSource, asReranker } from './adapt.js'
export { type DoctorOptions, type DoctorReport, doctor } from '#node/doctor/doctor'
export type { Dtype } from './score/hub/layout.js'
export type { HubOptions } from './score/hub/settings.js'
export type { DownloadProgress } from './score/hub/fetch-model.js'
export { type CompatibleOptions, compatible } from './score/remote/compatible.js'
export { type BedrockOptions, bedrock } from './score/remote/vendors/bedrock.js'
export { type CohereClient, type CohereOptions, cohere } from './score/remote/vendors/cohere.js'
export type { RemoteScorer } from './score/remote/engine.js'
export { type JinaOptions, jina } from './score/remote/vendors/jina.js'
export { type MixedbreadOptions, mixedbread } from './score/remote/vendors/mixedbread.js'
export { type PineconeOptions, pinecone } from './score/remote/vendors/pinecone.js'
export { type ServerDialect, type ServerOptions, server } from './score/remote/server.js'
export { type VertexOptions, vertex } from './score/remote/vendors/vertex.js'
export { type VoyageOptions, voyage } from './score/remote/vendors/voyage.js'
export { type WatsonxOptions, watsonx } from './score/remote/vendors/watsonx.js'
export { type WorkersAiOptions, workersAi } from './score/remote/vendors/workers-ai.js'
export type { Generate, GenerateCall } from './score/remote/language-models/model.js'
export { type LlmListwiseOptions, llmListwise } from './score/remote/language-models/listwise.js'
export { type GenerateYesNo, type LlmPointwiseOptions, llmPointwise } from './score/remote/language-models/pointwise.js'
export { type Colbert, colbert } from '#node/score/colbert/colbert'
export type { ColbertOptions } from '#node/score/colbert/colbert'
export type { DocumentVectors } from '#node/score/documents/vectors'
export type { DocumentStore, EncodedFile } from '#node/score/documents/store'
export { readDocuments, writeDocuments } from '#node/score/documents/stream'
export { type CrossEncoder, crossEncoder } from '#node/score/cross-encoder/cross-encoder'
export type { CrossEncoderOptions } from '#node/score/cross-encoder/options'
export { type FetchModelOptions, type FetchedModel, fetchModel } from '#node/score/cross-encoder/model-source'
export type { Provider } from './score/cross-encoder/session/providers.js'
export type { TransformersOptions } from './score/transformers/options.js'
export { type TransformersScorer, transformers } from './score/transformers/transformers.js'
export { type Bm25Options, bm25 } from './score/bm25.js'
export { type CalibratedOptions, calibrated } from './skip/calibrated.js'
export { type TokenCounter } from './select/select.js'
export { type Diversity } from './select/diversity.js'
export { type SmallPoolOptions, allOf, anyOf, not, smallPool } from './skip/policy.js'
export {
  type AboveThresholdOptions,
  type AgreementOptions,
  type ClearMarginOptions,
  type ScoreShapeOptions,
  aboveThreshold,
  agreement,
  clearMargin,
  scoreShape,
} from './skip/first-stage.js'
export { type KeywordQueryOptions, keywordQuery } from './skip/query.js'
export { type OtherScriptOptions, otherScript } from './skip/unread.js'
export { type CircuitBreakerOptions, withCircuitBreaker } from './wrap/breaker.js'
export { type CachedScore, type ScoreCache } from './wrap/cache.js'
export { withCache } from './wrap/cache.js'
export { type ChunkOptions, withChunks } from './wrap/chunk.js'
export { type FallbackOptions, withFallback } from './wrap/fallback.js'
export { type FusionOptions, reciprocalRankFusion } from './wrap/fuse.js'
export type {
  Blend,
  Call,
  Candidate,
  Outcome,
  Pool,
  RankedResult,
  Ranking,
  Report,
  Scorer,
  ScorerDefaults,
  SkipCalibration,
  SkipPolicy,
  SkipReason,
  Span,
  StageReport,
  TextNote,
} from './types.js'
