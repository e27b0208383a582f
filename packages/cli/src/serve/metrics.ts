import type { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Scored, Scoring } from './scoring.js'

/** What is counted of one request when it has ended. */
export interface Ended {
  /** The form it came in, or `'other'` for what is no reranking. */
  readonly dialect: string
  readonly status: number
  readonly durationMs: number
}

/** Seconds that make up the buckets of a histogram: from a cache hit to a client's usual time limit. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** What Prometheus reads at `/metrics`; nothing in it tells of texts, and no label takes values that a client chooses. */
export class Metrics {
  readonly #registry: Registry
  readonly #requests: Counter<'dialect' | 'status'>
  readonly #seconds: Histogram<'dialect'>
  readonly #documents: Counter
  readonly #outcomes: Counter<'outcome'>
  readonly #waited: Histogram
  readonly #cacheHits: Counter
  readonly ready: Gauge
  readonly droppedLines: Counter

  private constructor({ Counter, Gauge, Histogram, Registry, collectDefaultMetrics }: typeof import('prom-client')) {
    const registers = [(this.#registry = new Registry())]
    const counter = <T extends string>(name: string, help: string, labelNames: readonly T[] = []): Counter<T> =>
      new Counter({ name: `secondpass_${name}`, help, labelNames, registers })
    const histogram = <T extends string>(name: string, help: string, labelNames: readonly T[] = []): Histogram<T> =>
      new Histogram({ name: `secondpass_${name}`, help, labelNames, buckets: BUCKETS, registers })
    collectDefaultMetrics({ register: this.#registry })
    this.#requests = counter('requests_total', 'Requests answered, by form and status.', ['dialect', 'status'])
    this.#seconds = histogram('request_duration_seconds', 'Time from a request to its answer.', ['dialect'])
    this.#documents = counter('documents_total', 'Documents in requests that were answered with scores.')
    this.#outcomes = counter('outcomes_total', 'Answers by what the reranker did: ranked, or skipped.', ['outcome'])
    this.#waited = histogram('queue_wait_seconds', 'Time that requests waited for others.')
    this.#cacheHits = counter('cache_hits_total', 'Scores that came from the cache.')
    this.droppedLines = counter('access_log_dropped_total', 'Lines of the access log that nobody took in time.')
    this.ready = new Gauge({ name: 'secondpass_ready', help: '1 when the model is loaded.', registers })
  }

  /** prom-client is loaded only by whoever serves. */
  static async start(scoring: Pick<Scoring, 'documents' | 'joined'>): Promise<Metrics> {
    const library = await import('prom-client')
    const metrics = new Metrics(library)
    const asked = (name: string, help: string, value: () => number): void =>
      metrics.#registry.registerMetric(
        new library.Gauge({
          name: `secondpass_${name}`,
          help,
          registers: [],
          collect() {
            this.set(value())
          },
        }),
      )
    const help = 'Documents that wait or are being scored: what to scale by.'
    asked('queued_documents', help, () => scoring.documents)
    asked('shared_requests', 'Requests answered by the work for an equal one, since the start.', () => scoring.joined)
    return metrics
  }

  ended({ dialect, status, durationMs }: Ended): void {
    this.#requests.inc({ dialect, status: String(status) })
    if (dialect !== 'other') this.#seconds.observe({ dialect }, durationMs / 1000)
  }

  scored({ outcome, waitedMs, cacheHits, rows }: Scored): void {
    this.#outcomes.inc({ outcome })
    this.#documents.inc(rows.length)
    this.#waited.observe(waitedMs / 1000)
    this.#cacheHits.inc(cacheHits)
  }

  async page(): Promise<{ readonly type: string; readonly text: string }> {
    return { type: this.#registry.contentType, text: await this.#registry.metrics() }
  }
}
