import { describe, expect, it } from 'vitest'
import { measureLift, runFromLists } from '../../packages/core/src/eval/index.ts'
import { buildReport } from '../../packages/cli/src/report/build.ts'
import { beginningOf, chooseCases, documentsOf } from '../../packages/cli/src/report/cases.ts'
import { renderHtml } from '../../packages/cli/src/report/html.ts'
import { printedLift } from '../../packages/cli/src/eval/output.ts'
import { latencyOf } from '../../packages/cli/src/report/build.ts'
import { renderMarkdown } from '../../packages/cli/src/report/markdown.ts'
import type { EvalReport, QueryCase } from '../../packages/cli/src/report/types.ts'
import { hostile, sampleReport } from '../fixtures/sample-report.ts'

const report = sampleReport()
const page = await renderHtml(report)
const markdown = renderMarkdown(report)
/** What a reader sees: without tags and style, and with the characters that were escaped. */
const seen = (html: string): string =>
  html
    .replace(/<style>[^]*?<\/style>/g, '')
    .replace(/<svg[^]*?<\/svg>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
const pageText = seen(page)
const markdownText = markdown.replace(/\\([\\`*_{}[\]<>#|~!&])/g, '$1')

describe('the report', () => {
  it('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('carries the same figures in all three forms', () => {
    const minus = (text: string): string => text.replace('-', '−')
    const three = (value: number): string => minus(value.toFixed(3))
    const share = (value: number): string => minus((value * 100).toFixed(0))
    const { metrics, latency, context, skip, depth, endToEnd, queries } = report as Required<EvalReport>
    const figures = [
      report.verdict.sentence,
      ...metrics
        .filter(({ name }) => name !== 'judged@10')
        .flatMap(({ name, firstStage, reranked, interval, wins }) => [
          name,
          ...[firstStage, reranked, ...interval.map(Math.abs)].map(three),
          String(wins),
        ]),
      `${report.firstRelevant.up} moved up`,
      latency.median.toFixed(1),
      ...latency.histogram.map(({ calls }) => String(calls)),
      context.sentence,
      share(context.recall.reranked),
      skip.sentence,
      ...skip.curves.flatMap(({ curve }) =>
        curve.flatMap(({ skipRate, loss }) => [share(skipRate), three(Math.abs(loss))]),
      ),
      depth.sentence,
      ...depth.curve.map(({ value }) => three(value)),
      endToEnd.verdict.sentence,
      String(endToEnd.sameContext),
      ...[...queries.gained, ...queries.lost].flatMap(({ query, queryId, firstStage, reranked, difference }) => [
        query,
        `${queryId}: ${three(firstStage)} → ${three(reranked)}`,
        three(Math.abs(difference)),
      ]),
    ]
    expect(figures.length).toBeGreaterThan(250)
    expect(figures.filter((figure) => !pageText.includes(figure))).toEqual([])
    expect(figures.filter((figure) => !markdownText.includes(figure))).toEqual([])
  })

  it('shows the passages of both orders side by side in both texts', () => {
    const [first] = report.queries.gained
    expect(first?.before.map(({ rank }) => rank).slice(0, 5)).toEqual([1, 2, 3, 4, 5])
    for (const { text } of [...(first?.before ?? []), ...(first?.after ?? [])]) {
      expect(pageText).toContain(text)
      expect(markdownText).toContain(text?.slice(0, 120).trimEnd())
    }
  })

  it('says how much was judged in words, and calls it no gain', () => {
    expect(report.metrics.map(({ name }) => name)).toContain('judged@10')
    for (const text of [pageText, markdownText]) {
      expect(text).toMatch(/Of the first 10 passages, [\d.]+\s% were judged as found .+ That is no gain/)
      expect(text).not.toMatch(/judged@10[\s|]+0\./)
    }
  })

  it('fits into a comment, whatever stands in queries and passages', () => {
    expect(markdown.length).toBeLessThanOrEqual(60_000)
    expect(markdown).toContain('Shortened to fit into a comment: 10 of 10 are shown')
    const long = (text: string): string => `${text} ${'|'.repeat(100_000)}`
    const wordy = [...report.queries.gained, ...report.queries.lost].map((one) => ({
      ...one,
      query: long(one.query),
      before: one.before.map((passage) => ({ ...passage, text: long(passage.id) })),
    }))
    const text = renderMarkdown({ ...report, queries: { gained: wordy.slice(0, 10), lost: wordy.slice(10) } })
    expect(text.length).toBeLessThanOrEqual(60_000)
    expect(text).toContain(report.verdict.sentence.slice(0, 40))
    expect(renderMarkdown({ ...report, title: long('A title') }).length).toBeLessThanOrEqual(60_000)
  })

  it('folds tables and queries, and no query can open the fold', () => {
    const [one] = report.queries.gained
    const text = renderMarkdown({
      ...report,
      queries: { gained: [{ ...(one as QueryCase), query: 'a\n\n</summary></details><h1>b' }], lost: [] },
    })
    const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0
    expect(count(/^<details><summary>/gm)).toBeGreaterThan(5)
    expect(count(/<details>/g)).toBe(count(/^<\/details>$/gm))
    expect(text).not.toContain('<h1>')
  })

  it('names no 95th percentile of a few calls, and explains the words it uses', async () => {
    const few = latencyOf(Array.from({ length: 12 }, (_, at) => 10 + at))
    expect(few.histogram.length).toBeLessThanOrEqual(8)
    const small = { ...report, latency: few }
    const [html, text] = [seen(await renderHtml(small)), renderMarkdown(small)]
    for (const form of [html, text]) expect(form).toContain('over 12 calls: too few for a 95th percentile')
    expect(await renderHtml(small)).toContain('longest 21.0 ms')
    for (const term of ['nDCG@10', 'Signal', 'Depth', 'First stage']) expect(html).toMatch(new RegExp(`${term}\\s+\\S`))
    const { skip: _skip, depth: _depth, ...bare } = report
    expect(renderMarkdown(bare)).not.toMatch(/- (Signal|Depth): /)
  })

  it('says of the slow calls in the terminal what it says in the report', () => {
    const durations = (count: number): number[] => Array.from({ length: count }, (_, at) => 10 + at)
    const order = runFromLists(new Map([['q', ['a', 'b']]]))
    const qrels = new Map([['q', new Map([['a', 1]])]])
    const lift = measureLift({ firstStage: order, reranked: order, qrels, metrics: ['MRR'] })
    expect(printedLift(lift, latencyOf(durations(19)))).toContain(
      '19.0 ms at the median, 28.0 ms at the longest of 19 calls.',
    )
    expect(printedLift(lift, latencyOf(durations(20)))).toContain('28.0 ms at the 95th percentile (p95).')
    expect(printedLift(lift)).not.toContain('Time of a query')
  })

  it('lets no text of a passage become markup', () => {
    expect(page).not.toContain('<script')
    expect(page).not.toContain('<img')
    expect(pageText).toContain(hostile.slice(0, 60))
    expect(markdown).not.toMatch(/(?<!\\)<script/)
    expect(markdown).not.toMatch(/(?<!\\)\]\(/)
    expect(page.match(/https?:\/\/(?!www\.w3\.org\/2000\/svg|127)/g)).toBeNull()
  })

  it('gives the bad news as plainly', async () => {
    const bad = sampleReport({ harm: 1 })
    expect(bad.verdict.kind).toBe('hurts')
    expect(await renderHtml(bad)).toContain('▼ It hurts')
    expect(renderMarkdown(bad)).toContain('Reranking hurts')
  })

  it('is whole with nothing but two runs and judgements', async () => {
    const runs = { firstStage: runFromLists([['q', ['a', 'b']]]), reranked: runFromLists([['q', ['b', 'a']]]) }
    const qrels = new Map([
      ['q', new Map([['b', 1]])],
      ['lost', new Map([['x', 1]])],
    ])
    const lift = measureLift({ ...runs, qrels, metrics: ['MRR'] })
    const bare = buildReport({ ...runs, qrels, lift, queries: new Map(), about: { scorerId: 's', confidence: 0.95 } })
    expect(bare).toMatchObject({ title: 'Does reranking help?', about: { queries: 2, candidates: 2 } })
    expect(bare.queries).toMatchObject({
      gained: [{ queryId: 'q', query: 'q', firstStage: 0.5, reranked: 1 }],
      lost: [],
    })
    expect(bare.queries.gained[0]?.after[0]).toEqual({ id: 'b', rank: 1, otherRank: 2, grade: 1 })
    const html = await renderHtml(bare)
    expect(html).toContain('1 of 2 query ids appear in the run.')
    expect(html.match(/<svg class="wide"/g)).toHaveLength(1)
    expect(renderMarkdown(bare)).toContain('| 1. a | 1. ✓ (grade 1) b |')
  })
})

describe('the queries that gained and lost most', () => {
  const ids = Array.from({ length: 30 }, (_, at) => `d${at}`)
  const queries = Array.from({ length: 40 }, (_, at) => `q${at}`)
  const qrels = new Map(queries.map((id) => [id, new Map([['d29', 2]])]))
  const firstStage = runFromLists(queries.map((id) => [id, ids]))
  const reranked = runFromLists(
    queries.map((id, at) => [id, ids.toSpliced(29, 1).toSpliced(at, 0, 'd29').slice(0, 30)]),
  )
  const lift = measureLift({ firstStage, reranked, qrels, metrics: ['MRR'], resamples: 100 })

  it('are ten at most, most first, with the first relevant passage wherever it stands', () => {
    const { gained, lost } = chooseCases({ lift, firstStage, reranked, qrels })
    expect(gained.map(({ queryId }) => queryId)).toEqual(queries.slice(0, 10))
    expect(lost).toEqual([])
    expect(gained[7]?.before.at(-1)).toEqual({ id: 'd29', rank: 30, otherRank: 8, grade: 2 })
    expect(gained[7]?.after.at(-1)).toEqual({ id: 'd29', rank: 8, otherRank: 30, grade: 2 })
    expect(documentsOf({ gained: gained.slice(0, 1), lost })).toEqual(new Set(['d29', 'd0', 'd1', 'd2', 'd3', 'd4']))
  })

  it('show the beginning of a passage on one line', () => {
    expect(beginningOf(' a\n\tb ')).toBe('a b')
    expect(Array.from(beginningOf('😀'.repeat(2000))).length).toBeLessThanOrEqual(701)
    expect(beginningOf('😀'.repeat(2000))).toMatch(/^(😀)+…$/u)
  })
})

describe('latencyOf', () => {
  it('counts every call in one bin, and the bins follow each other', () => {
    const durations = Array.from({ length: 500 }, (_, at) => 3 + ((at * 7919) % 500) / 3)
    const { histogram, calls, median, p95, max } = latencyOf(durations)
    expect({ calls, median, p95, max }).toMatchObject({ calls: 500, max: Math.max(...durations) })
    expect(histogram.reduce((sum, bin) => sum + bin.calls, 0)).toBe(500)
    expect(histogram.length).toBeLessThanOrEqual(25)
    for (const [at, { from, to, calls: number }] of histogram.entries()) {
      expect(histogram[at + 1]?.from ?? to).toBe(to)
      const isLast = at === histogram.length - 1
      expect(durations.filter((one) => one >= from && (one < to || (isLast && one === to))).length).toBe(number)
    }
  })

  it.each([[[5]], [[0]], [[7, 7, 7]], [[100, 200]], [[0.0001, 0.0002]]])('takes %j', (durations) => {
    const { histogram } = latencyOf(durations)
    expect(histogram.reduce((sum, { calls }) => sum + calls, 0)).toBe(durations.length)
  })
})
