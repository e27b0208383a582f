export { type Evaluation, type EvaluateOptions, defaultMetrics, evaluate } from './evaluate.js'
export { type MetricName, metricOf } from './metrics.js'
export { type Judgements, type Qrels, type RankOptions, type Run, rankByScore, runFromLists } from './run.js'
export { openBeirFolder, readBeirQrels } from './read.js'
export { readTrecQrels, readTrecRun } from './read.js'
export { type Line, readLines } from './lines.js'

export { type Lift, type LiftOptions, type Spread, measureLift } from './lift.js'
export type { MetricLift, Verdict } from './verdict.js'
export { bootstrapInterval } from './bootstrap.js'
export { type DepthAdvice, type DepthOptions, type DepthPoint, type DepthQuery, adviseDepth } from './depth.js'
export { type BeforeAfter, type ContextOptions, type ContextSavings, measureContext } from './context.js'
export { type LiveSample, type LiveSampler, type SampleLiveOptions, sampleLive } from './live.js'
export { type RecordSampleOptions, recordSample } from './record.js'

export { agreementSignal, marginSignal, shapeSignal, topScoreSignal } from '../skip/first-stage.js'
export { queryLengthSignal } from '../skip/query.js'
export type { Signal } from '../skip/policy.js'
export { type CalibrationQuery, type CurvePoint, type SampledCall, calibrationQuery } from './calibrate/query.js'
export {
  type CalibrateOptions,
  type CalibrationFile,
  type SignalCurve,
  type SkipCalibrationResult,
  calibrateSkip,
} from './calibrate/skip.js'
export {
  type JudgedScore,
  type MinScore,
  type Scaling,
  expectedCalibrationError,
  fitProbability,
  minScoreFor,
} from './calibrate/scaling.js'

export { type EndToEnd, measureEndToEnd } from './end-to-end/measure.js'
export { type JudgePrompt, llmJudge } from './end-to-end/judge.js'
export type {
  Answer,
  AnswerInput,
  EndToEndOptions,
  EndToEndQuery,
  EndToEndRecord,
  EndToEndSummary,
  GradeInput,
  Judge,
  JudgeInput,
  Preference,
} from './end-to-end/options.js'

export { type LabelledQuery, type QueryToLabel, type Teacher, labelQuery } from './label.js'
export { wordsOf } from '../base/words.js'
