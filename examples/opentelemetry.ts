// Traces and metrics of reranking with OpenTelemetry. There is nothing to switch on: where an application has registered an
// SDK, each call is a span below the active one. This one prints; yours sends (@opentelemetry/exporter-trace-otlp-http).
//
//   node examples/opentelemetry.ts
import { context, metrics, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { createReranker } from '@secondpass/core'
import { passages } from './passages.mjs'
import { rankByKeywords } from './support/bm25.mjs'

// Before anything else: new NodeSDK({ … }).start() of @opentelemetry/sdk-node does all of this.
const spans = new InMemorySpanExporter()
const tracing = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
const points = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const metering = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: points })] })
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(tracing)
metrics.setGlobalMeterProvider(metering)

const reranker = createReranker({ topN: 3 })
const question = 'What happens if my credit card expires?'

await trace.getTracer('example').startActiveSpan('answer a question', async (span) => {
  try {
    const found = (await rankByKeywords(question, passages)).slice(0, 20)
    await reranker.rerank(question, found)
  } finally {
    span.end()
  }
})
await reranker.close()
await Promise.all([tracing.forceFlush(), metering.forceFlush()])

// Spans hold models, counts and times, and never the question or a text.
const finished = spans.getFinishedSpans().toReversed()
for (const { name, parentSpanContext, attributes } of finished) {
  const parent = finished.find((one) => one.spanContext().spanId === parentSpanContext?.spanId)
  const facts = Object.entries(attributes).map(([key, value]) => `\n  ${key}: ${String(value)}`)
  console.log(`${name}${parent === undefined ? '' : `, below "${parent.name}"`}${facts.join('')}`)
}
const measured = points.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
for (const { descriptor } of measured) console.log(`metric ${descriptor.name} ${descriptor.unit}`)
await Promise.all([tracing.shutdown(), metering.shutdown()])
