import { context, metrics, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'

/** One point of a metric: its value (the count of a histogram) and its attributes. */
export interface Point {
  readonly value: number
  readonly attributes: Readonly<Record<string, unknown>>
}

/** Registers the real SDK with exporters that keep everything in memory. */
export function registerSdk(): {
  spans(): ReadableSpan[]
  points(metric: string): Promise<Point[]>
  reset(): Promise<void>
  unregister(): Promise<void>
} {
  const spanExporter = new InMemorySpanExporter()
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA)
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spanExporter)] })
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 2 ** 31 - 1 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(tracerProvider)
  metrics.setGlobalMeterProvider(meterProvider)
  return {
    spans: () => spanExporter.getFinishedSpans(),
    async points(metric) {
      await reader.forceFlush()
      const found = metricExporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
      return found
        .filter(({ descriptor }) => descriptor.name === metric)
        .flatMap(({ dataPoints }) =>
          dataPoints.map(({ value, attributes }) => ({
            value: typeof value === 'number' ? value : value.count,
            attributes,
          })),
        )
    },
    async reset() {
      await reader.forceFlush()
      spanExporter.reset()
      metricExporter.reset()
    },
    async unregister() {
      context.disable()
      trace.disable()
      metrics.disable()
      await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()])
    },
  }
}
