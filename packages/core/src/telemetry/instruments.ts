import type * as OpenTelemetry from '@opentelemetry/api'
import type { Report, StageReport } from '../types.js'
import { GEN_AI, errorTypeOf } from './attributes.js'

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
