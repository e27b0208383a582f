import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { evaluate } from '../../packages/core/src/eval/evaluate.ts'
import type { MetricName } from '../../packages/core/src/eval/metrics.ts'
import { readTrecQrels, readTrecRun } from '../../packages/core/src/eval/read.ts'

const folder = mkdtempSync(join(tmpdir(), 'secondpass-trec-eval-'))
afterAll(() => rmSync(folder, { recursive: true }))
const textOf = (name: string): string =>
  gunzipSync(readFileSync(new URL(`trec-eval/${name}.gz`, import.meta.url))).toString()
const unpack = (name: string): string => {
  const path = join(folder, name)
  writeFileSync(path, textOf(name))
  return path
}

/** Our name of a measure of trec_eval; nothing for one that we do not have. */
function nameOf(measure: string): MetricName | undefined {
  const whole: Readonly<Record<string, MetricName>> = { map: 'MAP', recip_rank: 'MRR', ndcg: 'nDCG' }
  const [, family = '', cut] = /^(P|recall|ndcg_cut|map_cut|success)_(\d+)$/.exec(measure) ?? []
  const cuts: Readonly<Record<string, string>> = {
    P: 'precision',
    recall: 'recall',
    ndcg_cut: 'nDCG',
    map_cut: 'MAP',
    success: 'success',
  }
  return whole[measure] ?? (cut === undefined ? undefined : (`${cuts[family]}@${cut}` as MetricName))
}

describe('the published test files of trec_eval', () => {
  it.each([
    ['results.test', 'out.test.aq', 'intersection'],
    // As `trec_eval -c`: a query that the run lacks counts 0.
    ['results.trunc', 'out.test.aqc', 'all'],
  ] as const)('%s gives the numbers of %s', async (results, expected, queries) => {
    const [qrels, run] = [await readTrecQrels(unpack('qrels.test')), await readTrecRun(unpack(results))]
    const lines = textOf(expected)
      .trim()
      .split('\n')
      .map((line) => line.split('\t').map((cell) => cell.trim()) as [string, string, string])
      .flatMap(([measure, query, value]) => {
        const metric = nameOf(measure)
        return metric === undefined ? [] : [{ metric, query, value }]
      })
    const metrics = [...new Set(lines.map(({ metric }) => metric))]
    const { means, perQuery } = evaluate(run, qrels, { metrics, queries })
    const found = lines.filter(({ metric, query, value }) => {
      const ours = query === 'all' ? means[metric] : perQuery.get(query)?.[metric]
      // Four decimals are printed.
      return !(Math.abs((ours ?? Number.NaN) - Number(value)) <= 0.5e-4 + 1e-9)
    })
    expect(found).toEqual([])
    expect(metrics).toHaveLength(42)
    expect(lines.length).toBeGreaterThanOrEqual(42 * 4)
  })
})
