import type * as OpenTelemetry from '@opentelemetry/api'
import type { Report, StageReport } from '../types.js'
import { RerankError } from '../errors.js'
import { instrumentsOf } from './instruments.js'
import { GEN_AI, attributesOfReport, attributesOfStage, errorTypeOf } from './attributes.js'

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
