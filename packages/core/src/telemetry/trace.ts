import type * as OpenTelemetry from '@opentelemetry/api'
import type { Attributes } from '@opentelemetry/api'
import { isError, RerankError } from '../base/errors.js'
import type { Report, StageReport } from '../types.js'

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
    'secondpass.unscored': report.unscored,
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
    'secondpass.blend_weight': report.blendWeight,
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
  return isError(error) ? error.name : '_OTHER'
}

/** The metrics of this library. */
export interface Instruments {
  /** Counts one call; `context` names its span, for exemplars. */
  count(report: Report, context: OpenTelemetry.Context): void
}

/** Instruments belong to one provider, and an application may register another, as tests do. */
const known = new WeakMap<OpenTelemetry.MeterProvider, Instruments>()

/** The instruments of the provider that is registered now. */
export function instrumentsOf({ metrics }: typeof OpenTelemetry): Instruments {
  const provider = metrics.getMeterProvider()
  let instruments = known.get(provider)
  if (instruments === undefined) known.set(provider, (instruments = makeInstruments(provider.getMeter('secondpass'))))
  return instruments
}

/** The buckets that the conventions prescribe for durations of operations, and finer ones below: skips are fast. */
const SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
]

function makeInstruments(meter: OpenTelemetry.Meter): Instruments {
  const duration = meter.createHistogram('secondpass.rerank.duration', {
    unit: 's',
    description: 'How long a call of rerank took.',
    advice: { explicitBucketBoundaries: SECONDS },
  })
  const stages = meter.createCounter('secondpass.stage.outcomes', {
    unit: '{stage}',
    description: 'How stages ended: ranked, skipped, failed or late.',
  })
  const tokens = meter.createCounter('secondpass.stage.tokens', {
    unit: '{token}',
    description: 'Tokens that scorers read, where they count them.',
  })
  return {
    count(report, context) {
      const error = 'error' in report ? { 'error.type': errorTypeOf(report.error) } : {}
      duration.record(report.durationMs / 1000, error, context)
      for (const stage of report.stages) {
        stages.add(1, labelsOf(stage), context)
        const read = stage.stats['tokens'] ?? 0
        if (read > 0) tokens.add(read, { [GEN_AI.model]: stage.scorerId }, context)
      }
    },
  }
}

/** Few values each, as labels of metrics must have. */
function labelsOf({ scorerId, outcome, skipReason }: StageReport): OpenTelemetry.Attributes {
  return {
    [GEN_AI.model]: scorerId,
    'secondpass.outcome': outcome,
    ...(skipReason && { 'secondpass.skip.policy': skipReason.policy }),
  }
}

/** What of one call is traced: a span of its own with a child for each stage. */
export interface CallTrace {
  /** Runs a stage inside its span, so that spans of the scorer's own (a request over HTTP) become children of it. */
  stage<T extends { readonly report: StageReport }>(scorerId: string, run: () => Promise<T>): Promise<T>
  /** Ends the span of the call and counts. */
  end(report: Report): void
}

/**
 * Where every copy of version 1 of the API keeps what the application has registered: no SDK, no such property. Looking
 * here first is what keeps an application that does not trace from loading anything.
 */
const REGISTERED = Symbol.for('opentelemetry.js.api.1')

/** Whether a call is to be traced at all: cheap, and asked on each call because an SDK may be registered late. */
export function isTraced(telemetry: boolean | undefined): boolean {
  return telemetry ?? REGISTERED in globalThis
}

let loading: Promise<typeof OpenTelemetry | undefined> | undefined

/**
 * Begins the span of a call as a child of the active one.
 *
 * @throws RerankError `'runtime'` when `telemetry` is `true` and `@opentelemetry/api` is not installed.
 */
export async function startTrace(telemetry: boolean | undefined): Promise<CallTrace | undefined> {
  loading ??= loadApi()
  const api = await loading
  if (api !== undefined) return new Trace(api)
  if (telemetry !== true) return undefined
  throw new RerankError(
    'runtime',
    'telemetry is true, but @opentelemetry/api cannot be loaded: run `npm install @opentelemetry/api`, or leave telemetry out.',
  )
}

/** In a `try`, by which bundlers know that the package may be missing. */
async function loadApi(): Promise<typeof OpenTelemetry | undefined> {
  try {
    return await import('@opentelemetry/api')
  } catch {
    return undefined
  }
}

class Trace implements CallTrace {
  readonly #api: typeof OpenTelemetry
  readonly #tracer: OpenTelemetry.Tracer
  readonly #span: OpenTelemetry.Span
  #stages = 0

  constructor(api: typeof OpenTelemetry) {
    this.#api = api
    this.#tracer = api.trace.getTracer('secondpass')
    this.#span = this.#tracer.startSpan('secondpass.rerank')
  }

  async stage<T extends { readonly report: StageReport }>(scorerId: string, run: () => Promise<T>): Promise<T> {
    const { context, trace } = this.#api
    const parent = trace.setSpan(context.active(), this.#span)
    const attributes = {
      [GEN_AI.operation]: 'rerank',
      [GEN_AI.provider]: 'secondpass',
      [GEN_AI.model]: scorerId,
      'secondpass.stage.index': this.#stages++,
    }
    const span = this.#tracer.startSpan(`rerank ${scorerId}`, { attributes }, parent)
    try {
      const done = await context.with(trace.setSpan(parent, span), run)
      span.setAttributes(attributesOfStage(scorerId, done.report))
      if (done.report.outcome === 'failed') this.#fail(span, done.report.error)
      return done
    } catch (error) {
      this.#fail(span, error)
      throw error
    } finally {
      span.end()
    }
  }

  end(report: Report): void {
    this.#span.setAttributes(attributesOfReport(report))
    if ('error' in report) this.#fail(this.#span, report.error)
    const counted = this.#api.trace.setSpan(this.#api.context.active(), this.#span)
    instrumentsOf(this.#api).count(report, counted)
    this.#span.end()
  }

  /** The message is left out: it may quote what a service was sent. */
  #fail(span: OpenTelemetry.Span, error: unknown): void {
    const type = errorTypeOf(error)
    span.setAttribute('error.type', type)
    span.addEvent('exception', { 'exception.type': type })
    span.setStatus({ code: this.#api.SpanStatusCode.ERROR })
  }
}
