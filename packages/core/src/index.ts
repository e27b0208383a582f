export { ProviderError, type ProviderFault, RerankError, type RerankErrorCode } from './errors.js'
export { type Clock } from './clock.js'
export { bundledBlend, bundledTinyBlend } from './default.js'
export { type RerankerOptions, type StageOptions, defaults } from './options.js'
export { type CandidateOf, type RerankOptions } from './request.js'
export { type Reranker, createReranker } from './rerank.js'
export { type DoctorOptions, type DoctorReport, doctor } from '#node/doctor/doctor'
export type { Dtype } from './score/files/graph-choice.js'
export type { HubFetch, HubOptions } from './score/files/hub-options.js'
export type { DownloadProgress, OnProgress } from './score/files/progress.js'
export type { Activation } from './score/encode/activation.js'
export type { TemplateName } from './score/encode/profiles.js'
export type { ScoringOptions } from './score/encode/scoring-options.js'
export type { HostedClock } from './score/hosted/clock.js'
export { type CohereOptions, cohere } from './score/hosted/cohere.js'
export type { CohereClient } from './score/hosted/cohere-client.js'
export type { ScoreType } from './score/hosted/dialect.js'
export type { Fetch } from './score/hosted/http.js'
export { type JinaOptions, type JinaPairModel, jina } from './score/hosted/jina.js'
export type { VendorOptions } from './score/hosted/json-provider.js'
export { type MixedbreadOptions, mixedbread } from './score/hosted/mixedbread.js'
export type { HostedOptions } from './score/hosted/options.js'
export { type PineconeOptions, pinecone } from './score/hosted/pinecone.js'
export type { HostedScorer } from './score/hosted/scorer.js'
export { type ServerDialect, type ServerOptions, server } from './score/hosted/server.js'
export { type VoyageOptions, voyage } from './score/hosted/voyage.js'
export { type YamlValue, yamlText } from './score/hosted/yaml-text.js'
export type { Generate, GenerateCall, GenerateYesNo, YesNo } from './score/llm/generate.js'
export { type LlmListwiseOptions, llmListwise } from './score/llm/listwise.js'
export type { LlmOptions } from './score/llm/options.js'
export { type AnswerFault, type Permutation, permutation } from './score/llm/permutation.js'
export {
  type LlmGradeOptions,
  type LlmPointwiseOptions,
  type LlmYesNoOptions,
  llmPointwise,
} from './score/llm/pointwise.js'
export type { LlmScorer } from './score/llm/scorer.js'
export { type LikelyToken, yesNoOf } from './score/llm/yes-no.js'
export { type Colbert, colbert } from '#node/score/onnx/colbert'
export type { ColbertOptions, DocumentStore, EncodeDocumentsOptions } from '#node/score/onnx/colbert-options'
export { readDocuments, writeDocuments } from './score/onnx/document-file.js'
export type { DocumentVectors, VectorPrecision } from './score/onnx/document-vectors.js'
export { type CrossEncoder, type CrossEncoderOptions, crossEncoder } from '#node/score/onnx/cross-encoder'
export { type FetchModelOptions, type FetchedModel, fetchModel } from '#node/score/onnx/fetch'
export type { Opened, Refusal } from './score/onnx/provider-order.js'
export type { Provider } from './score/onnx/providers.js'
export type {
  LoadedTransformersModel,
  TransformersDevice,
  TransformersDtype,
  TransformersOptions,
  TransformersProgress,
} from './score/transformers/options.js'
export { type TransformersScorer, transformers } from './score/transformers/transformers.js'
export { type Bm25Options, bm25 } from './score/bm25.js'
export { type AgreementOptions, agreement } from './skip/agreement.js'
export { type CalibratedOptions, calibrated } from './skip/calibrated.js'
export { type TokenCounter } from './select/budget.js'
export { type Diversity } from './select/diversity.js'
export { type LayoutOptions, type PromptOptions } from './select/options.js'
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
export { type OtherScriptOptions, otherScript } from './skip/other-script.js'
export { type ScoreShapeOptions, scoreShape } from './skip/score-shape.js'
export { type WontFinishOptions, wontFinish } from './skip/wont-finish.js'
export { type CircuitBreakerOptions, withCircuitBreaker } from './wrap/breaker.js'
export { type CachedScore, type ScoreCache } from './wrap/cache-entry.js'
export { withCache } from './wrap/cache.js'
export { type ChunkOptions, withChunks } from './wrap/chunk.js'
export { type FallbackOptions, withFallback } from './wrap/fallback.js'
export { type FusedCandidate, type FusionOptions, reciprocalRankFusion } from './wrap/fuse.js'
export { wordsOf } from './words.js'
export type {
  Blend,
  Call,
  Candidate,
  FilePolicyName,
  Milliseconds,
  OnError,
  Outcome,
  PolicyData,
  Pool,
  RankedResult,
  Ranking,
  Report,
  ResultOrder,
  Scope,
  Scorer,
  SkipCalibration,
  SkipPolicy,
  SkipReason,
  Span,
  StageReport,
  TextNote,
} from './types.js'
