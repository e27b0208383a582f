import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Qrels, Run } from '../../packages/core/src/eval/run.ts'

type Row = Readonly<Record<string, number>>

/** One run of metrics.json.gz; see generate_golden.py. */
export interface GoldenRun {
  readonly name: string
  readonly qrels: Qrels
  readonly run: Run
  /** Per query of both, by our names of the metrics. */
  readonly trec: Readonly<Record<string, Row>>
  /** Means over the queries of the judgements. */
  readonly irMeasures: Row
  /** RR@10 of ir_measures; only in the cases. */
  readonly rrAt10?: number
}

interface RawRun extends Omit<GoldenRun, 'qrels' | 'run'> {
  readonly qrels: Readonly<Record<string, Row>>
  readonly run: Readonly<Record<string, readonly (readonly [string, number | 'NaN'])[]>>
}

const file = JSON.parse(gunzipSync(readFileSync(new URL('metrics.json.gz', import.meta.url))).toString()) as {
  readonly cases: readonly RawRun[]
  readonly random: readonly RawRun[]
}

const read = (raw: RawRun): GoldenRun => ({
  ...raw,
  qrels: new Map(Object.entries(raw.qrels).map(([query, grades]) => [query, new Map(Object.entries(grades))])),
  run: new Map(
    Object.entries(raw.run).map(([query, rows]) => [query, new Map(rows.map(([id, score]) => [id, Number(score)]))]),
  ),
})

export const goldenCases: readonly GoldenRun[] = file.cases.map(read)
export const goldenRandom: readonly GoldenRun[] = file.random.map(read)

export function goldenCase(name: string): GoldenRun {
  const found = goldenCases.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no golden case ${name}`)
  return found
}
