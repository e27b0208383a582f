import type { Attributes } from '@opentelemetry/api'
import type { Report, StageReport } from '../types.js'
import { RerankError } from '../errors.js'

/**
 * Names from the GenAI semantic conventions, 1.42.0-dev (github.com/open-telemetry/semantic-conventions-genai, status
 * "development"). They know no operation for reranking yet (proposal: issue 253 there) and let an instrumentation name
 * its own, so `gen_ai.operation.name` is `rerank`; everything without a convention is under `secondpass.`.
 */
export const GEN_AI = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  model: 'gen_ai.request.model',
  answeredBy: 'gen_ai.response.model',
  tokens: 'gen_ai.usage.input_tokens',
} as const

/** What the span of a call says when it is over. */
export function attributesOfReport(report: Report): Attributes {
  return {
    'secondpass.candidates': report.candidates,
    'secondpass.returned': report.returned,
    'secondpass.below_min_score': report.belowMinScore,
    'secondpass.near_duplicates': report.nearDuplicates,
    'secondpass.over_budget': report.overBudget,
    'secondpass.outcomes': report.stages.map(({ outcome }) => outcome),
  }
}

/** What the span of a stage says when it is over. `scorerId` is the scorer that was asked. */
export function attributesOfStage(scorerId: string, report: StageReport): Attributes {
  const { outcome, candidates, blended, skipReason, stats } = report
  return {
    'secondpass.outcome': outcome,
    'secondpass.candidates': candidates,
    'secondpass.blended': blended,
    ...(skipReason && { 'secondpass.skip.policy': skipReason.policy, ...evidenceOf(skipReason.evidence) }),
    ...(report.scorerId === scorerId ? {} : { [GEN_AI.answeredBy]: report.scorerId }),
    ...(stats['tokens'] === undefined ? {} : { [GEN_AI.tokens]: stats['tokens'] }),
    ...prefixed('secondpass.stats.', Object.entries(stats)),
  }
}

/** Numbers and booleans only: a policy of the caller's may put words of the query into its evidence. */
function evidenceOf(evidence: Readonly<Record<string, number | string | boolean>>): Attributes {
  const plain = Object.entries(evidence).filter(([, value]) => typeof value !== 'string')
  return prefixed('secondpass.skip.evidence.', plain)
}

function prefixed(prefix: string, entries: readonly (readonly [string, number | string | boolean])[]): Attributes {
  return Object.fromEntries(entries.map(([name, value]) => [prefix + snakeCase(name), value]))
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The code of an error of this library, else the name of its class; `_OTHER` for what is no error. */
export function errorTypeOf(error: unknown): string {
  if (RerankError.is(error)) return error.code
  return error instanceof Error ? error.name : '_OTHER'
}
