import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as evaluation from '../../../packages/core/src/eval/index.ts'
import { scorerOf } from '../fake-scorer.ts'
import type { Rows } from './core-rows.ts'
import type { LongInput } from './exponent.ts'
import { longTexts, passages } from './texts.ts'

const folder = mkdtempSync(join(tmpdir(), 'growth-'))
let files = 0

function written(lines: readonly string[], name = `file-${(files += 1)}`): string {
  const path = join(folder, name)
  writeFileSync(path, lines.join('\n'))
  return path
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `d${(at * 7919) % count}x${at}`)
const scores = (count: number): Map<string, number> => new Map(ids(count).map((id, at) => [id, count - at]))
const grades = (count: number): Map<string, number> => new Map(ids(count).map((id, at) => [id, at % 5 === 0 ? 1 : 0]))
const manyQueries = <T>(count: number, value: T): Map<string, T> =>
  new Map(Array.from({ length: count }, (_, at) => [`q${at}`, value]))

/** One query with a long list, and many queries with short ones. */
function runs(work: (run: evaluation.Run, qrels: evaluation.Qrels) => unknown): LongInput[] {
  const both = (name: string, make: (size: number) => [evaluation.Run, evaluation.Qrels]): LongInput => ({
    name,
    make: (size) => {
      const [run, qrels] = make(size)
      return () => work(run, qrels)
    },
  })
  return [
    both('a long list', (size) => [new Map([['q', scores(size)]]), new Map([['q', grades(size)]])]),
    both('many queries', (size) => [manyQueries(size, scores(3)), manyQueries(size, grades(3))]),
  ]
}

const list = <T>(name: string, make: (size: number) => T, work: (given: T) => unknown, from = 1024): LongInput => ({
  name,
  from,
  make: (size) => {
    const given = make(size)
    return () => work(given)
  },
})

const judged = (size: number): evaluation.JudgedScore[] =>
  Array.from({ length: size }, (_, at) => ({ score: ((at * 7919) % size) / size, relevant: at % 3 === 0 }))

const candidates = (size: number): { id: string; text: string; score: number }[] =>
  passages(size).map((text, at) => ({ id: `d${at}`, text, score: size - at }))

const sample = (size: number): evaluation.CalibrationQuery[] =>
  Array.from({ length: size }, (_, at) => ({
    query: `what is w${at}`,
    candidates: candidates(5),
    loss: at % 9 === 0 ? 0.02 : 0,
  }))

function signals(signal: evaluation.Signal): LongInput[] {
  return [list('many candidates', candidates, (given) => signal.measure({ query: 'the lamp', candidates: given }))]
}

function ranked(size: number): Parameters<evaluation.LiveSampler>[0] {
  const results = candidates(size).map((candidate, at) => ({ candidate, index: size - 1 - at, rank: at + 1, score: 1 }))
  const stages = [
    { scorerId: 'fake', outcome: 'ranked' as const, candidates: size, blended: false, durationMs: 1, stats: {} },
  ]
  const counts = {
    candidates: size,
    returned: size,
    belowMinScore: 0,
    unscored: 0,
    nearDuplicates: 0,
    overBudget: 0,
    durationMs: 1,
  }
  return { results, report: { stages, ...counts } }
}

const reranker = {
  rerank: async (_query: string, given: readonly { text: string }[]) => ({
    ...ranked(0),
    results: given.map((candidate, index) => ({ candidate, index, rank: index + 1 })),
  }),
}

export const evalRows: Rows = {
  defaultMetrics: 'a list',
  evaluate: runs((run, qrels) => evaluation.evaluate(run, qrels)),
  metricOf: 'a name of at most 40 characters',
  rankByScore: [list('a long list', scores, (given) => evaluation.rankByScore(given))],
  runFromLists: [
    list('a long list', ids, (given) => evaluation.runFromLists([['q', given]])),
    list(
      'a long list with a repetition at its end',
      (size) => [...ids(size), ...ids(size).slice(-1)],
      (given) => {
        try {
          evaluation.runFromLists([['q', given]])
        } catch {
          // It says so.
        }
      },
    ),
  ],
  openBeirFolder: [
    list(
      'many queries',
      (size) => {
        mkdirSync(join(folder, 'qrels'), { recursive: true })
        written(
          ['query-id\tcorpus-id\tscore', ...Array.from({ length: size }, (_, at) => `q${at}\td1\t1`)],
          'qrels/test.tsv',
        )
        written(
          Array.from({ length: size }, (_, at) => JSON.stringify({ _id: `q${at}`, text: 'what' })),
          'queries.jsonl',
        )
        written(['{"_id":"d1","text":"the lamp"}'], 'corpus.jsonl')
        return folder
      },
      (given) => evaluation.openBeirFolder(given),
      256,
    ),
  ],
  readBeirQrels: [
    list('many lines', (size) => written(ids(size).map((id) => `q1\t${id}\t1`)), evaluation.readBeirQrels, 256),
    list('a long line', (size) => written([`q1\t${'d'.repeat(size)}\t1`]), evaluation.readBeirQrels),
  ],
  readTrecQrels: [
    list('many lines', (size) => written(ids(size).map((id) => `q1 0 ${id} 1`)), evaluation.readTrecQrels, 256),
    list('a long line', (size) => written([`q1${' '.repeat(size)}0 d 1`]), evaluation.readTrecQrels),
  ],
  readLines: [
    list(
      'many lines',
      (size) => written(ids(size)),
      async (path) => {
        for await (const line of evaluation.readLines(path)) void line.text
      },
      256,
    ),
  ],
  readTrecRun: [
    list(
      'many lines',
      (size) => written(ids(size).map((id, at) => `q1 Q0 ${id} ${at} ${-at} tag`)),
      evaluation.readTrecRun,
      256,
    ),
    list('a long line', (size) => written([`q1 Q0 ${'d'.repeat(size)} 1 1 tag`]), evaluation.readTrecRun),
  ],
  measureLift: runs((run, qrels) => evaluation.measureLift({ firstStage: run, reranked: run, qrels, resamples: 100 })),
  bootstrapInterval: [
    list(
      'many differences',
      (size) => ids(size).map((_, at) => at % 7),
      (given) => evaluation.bootstrapInterval(given, { resamples: 100 }),
    ),
  ],
  adviseDepth: [
    list(
      'a long list',
      (size) => [{ queryId: 'q', ids: ids(size), scores: ids(size).map((_, at) => at) }],
      (given) => evaluation.adviseDepth(given, new Map([['q', grades(20)]])),
    ),
    list(
      'many queries',
      (size) => Array.from({ length: size }, (_, at) => ({ queryId: `q${at}`, ids: ids(3), scores: [1, 2, 3] })),
      (given) => evaluation.adviseDepth(given, manyQueries(given.length, grades(3))),
    ),
  ],
  measureContext: [
    ...runs((run, qrels) => evaluation.measureContext({ firstStage: run, reranked: run, qrels, tokensOf: () => 1 })),
    list(
      'a long prompt',
      (size) => ({ run: new Map([['q', scores(size)]]), qrels: new Map([['q', grades(size)]]), topN: size }),
      ({ run, qrels, topN }) =>
        evaluation.measureContext({ firstStage: run, reranked: run, qrels, topN, tokensOf: () => 1 }),
    ),
  ],
  sampleLive: [list('many results', ranked, (given) => evaluation.sampleLive({ rate: 1 })(given))],
  recordSample: [
    list('many candidates', candidates, async (given) => {
      const inner = { rerank: async () => ({}), close: async () => {} }
      const recorded = evaluation.recordSample(inner as never, { file: written([]) }) as unknown as {
        rerank(query: string, given: unknown): Promise<void>
        close(): Promise<void>
      }
      await recorded.rerank('the lamp', given)
      await recorded.close()
    }),
  ],
  agreementSignal: signals(evaluation.agreementSignal({ other: ({ text }) => text.length, k: Infinity })),
  marginSignal: signals(evaluation.marginSignal()),
  shapeSignal: signals(evaluation.shapeSignal({ k: Infinity })),
  topScoreSignal: signals(evaluation.topScoreSignal()),
  queryLengthSignal: Object.entries(longTexts).map(([kind, text]) =>
    list(`a query: ${kind}`, text, (query) => evaluation.queryLengthSignal().measure({ query, candidates: [] })),
  ),
  calibrationQuery: [
    list('many candidates', candidates, (given) =>
      evaluation.calibrationQuery({ query: 'the lamp', candidates: given, ranking: ranked(given.length) }),
    ),
  ],
  calibrateSkip: [
    list('many queries', sample, (given) =>
      evaluation.calibrateSkip(given, { scorerId: 'fake', retriever: 'none', corpus: 'none', maxLoss: 0.01 }),
    ),
  ],
  expectedCalibrationError: [list('a large sample', judged, (given) => evaluation.expectedCalibrationError(given))],
  fitProbability: [
    list('a large sample', judged, (given) =>
      evaluation.fitProbability(given.map(({ score }, at) => ({ score, relevant: score * 7 > at % 7 }))),
    ),
  ],
  minScoreFor: [list('a large sample', judged, (given) => evaluation.minScoreFor(given, { recall: 0.5 }))],
  measureEndToEnd: [
    list(
      'many questions',
      (size) =>
        Array.from({ length: size }, (_, at) => ({ queryId: `q${at}`, query: 'what', candidates: candidates(2) })),
      (queries) =>
        evaluation.measureEndToEnd({
          queries,
          reranker,
          answer: () => 'an answer',
          judge: () => 'tie',
          resamples: 100,
        }),
      256,
    ),
  ],
  llmJudge: Object.entries(longTexts).map(([kind, text]) =>
    list(`an answer: ${kind}`, text, (answer) => {
      const judge = evaluation.llmJudge(async () => `${answer}\nVERDICT: A`)
      return judge({ query: 'what', answers: ['a', 'b'], signal: new AbortController().signal })
    }),
  ),
  labelQuery: [
    list('many candidates', candidates, (given) =>
      evaluation.labelQuery(
        scorerOf((_query, texts) => texts.map(() => 1)),
        { id: 'q', query: 'what', candidates: given },
      ),
    ),
  ],
  wordsOf: Object.entries(longTexts).map(([kind, text]) => list(kind, text, evaluation.wordsOf)),
}
