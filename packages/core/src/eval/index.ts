export { type BeforeAfter, type ContextOptions, type ContextSavings, measureContext } from './context.js'
export { type JudgePrompt, judgePrompt, llmJudge, readJudgement } from './end-to-end/llm-judge.js'
export { type EndToEnd, measureEndToEnd } from './end-to-end/measure.js'
export { type EndToEndOptions, type TokenPrice } from './end-to-end/options.js'
export type {
  Answer,
  AnswerInput,
  EndToEndQuery,
  EndToEndRecord,
  EndToEndSummary,
  Grade,
  GradeInput,
  Judge,
  JudgeInput,
  Preference,
  Reranks,
  Way,
} from './end-to-end/options.js'
export { type EvaluateOptions, type Evaluation, defaultMetrics, evaluate } from './evaluate.js'
export { judged } from './metrics.js'
export { type Metric, type MetricName, metricOf } from './metrics.js'
export { type NdcgOptions, ndcg } from './metrics.js'
export { averagePrecision, precision, recall, success } from './metrics.js'
export { firstRelevantRank, reciprocalRank } from './metrics.js'
export { type Random, seededRandom } from './bootstrap.js'
export { type RankOptions, rankByScore, runFromLists } from './run.js'
export { type BeirDocument, type BeirFolder, openBeirFolder, readBeirQrels } from './read.js'
export { readTrecQrels, readTrecRun } from './read.js'
export type { PolicyData } from '../types.js'
export type { Judgements, Qrels, Run, Scores } from './run.js'
export { type DepthAdvice, type DepthOptions, type DepthPoint, type DepthQuery, adviseDepth } from './depth.js'
export { label } from './label/label.js'
export { type LabelledCandidate, type LabelledQuery } from './label/files.js'
export { type LabelFailure, type LabelOptions, type LabelProgress, type LabelSummary } from './label/options.js'
export { type RankingTeacher, type Teacher } from './label/teacher.js'
export { type BootstrapOptions, type Interval, bootstrapInterval } from './bootstrap.js'
export { type FirstRelevant, type FirstRelevantMove } from './lift.js'
export { type Lift, type LiftOptions, type Spread, measureLift } from './lift.js'
export { type MetricLift } from './lift.js'
export { type LiveSample, type LiveSampler, type LiveSummary, type SampleLiveOptions, sampleLive } from './live.js'
export { churn, rankBiasedOverlap } from './live.js'
export { type Verdict } from './lift.js'
export { type AgreementSignalOptions, agreementSignal } from './calibrate/signals.js'
export { type CurvePoint } from './calibrate/query.js'
export { type CalibrationFile, type Promised, type Provenance } from './calibrate/skip.js'
export { type JudgedScore, type MinScore, type MinScoreTarget, minScoreFor } from './calibrate/scaling.js'
export { type CalibrationQuery, type SampledCall, calibrationQuery } from './calibrate/query.js'
export { type Scaling, type ScalingOptions, expectedCalibrationError, fitProbability } from './calibrate/scaling.js'
export {
  type MarginOptions,
  type Signal,
  type SignalPool,
  marginSignal,
  queryLengthSignal,
  shapeSignal,
  topScoreSignal,
} from './calibrate/signals.js'
export { type CalibrateOptions, type SignalCurve, type SkipCalibrationResult, calibrateSkip } from './calibrate/skip.js'
