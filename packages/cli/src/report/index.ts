export { type ReportInput, buildReport } from './build.js'
export { type Compared, chooseCases, documentsOf } from './cases.js'
export { renderHtml } from './html.js'
export { renderMarkdown } from './markdown.js'
export type {
  CasePassage,
  EvalReport,
  FirstRelevantSummary,
  LatencyBin,
  LatencySummary,
  QueryCase,
  ReportAbout,
  ReportMetric,
  SkipSummary,
} from './types.js'
