import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Document } from '@langchain/core/documents'
import * as core from '../../../packages/core/src/index.ts'
import * as evaluation from '../../../packages/core/src/eval/index.ts'
import * as aiSdk from '../../../packages/ai-sdk/src/index.ts'
import * as langchain from '../../../packages/langchain/src/index.ts'
import * as llamaindex from '../../../packages/llamaindex/src/index.ts'
import type { Call, Scorer, SkipPolicy } from '../../../packages/core/src/types.ts'
import { callOf, scorerOf } from '../fake-scorer.ts'

/** One way of using an export: right arguments, made anew each time, and what is done with them. */
export interface PublicCall {
  args(): unknown[]
  run(...args: never[]): unknown
}

/** By the name of the export; a string says why nothing is called. */
export type PublicCalls = Readonly<Record<string, PublicCall | string>>

const use = <A extends unknown[]>(args: () => [...A], run: (...args: A) => unknown): PublicCall => ({
  args,
  run: run as PublicCall['run'],
})

const recordedTo = join(mkdtempSync(join(tmpdir(), 'hostile-')), 'sample.jsonl')
const fixtures = join(import.meta.dirname, '../../fixtures')
const scorer = scorerOf((_query, texts) => texts.map((text) => text.length))
/** With a deadline, since waiting for ever may be what the options ask for. */
const call = (): Call => callOf({ now: () => performance.now(), deadline: performance.now() + 300 })
const texts = (): string[] => ['the key', 'the lamp', 'a clock']
const candidates = (): core.Candidate[] => texts().map((text, at) => ({ text, score: 3 - at, id: `d${at}` }))

/** A scorer is made of options and asked. */
const scoring = <O>(options: () => O, make: (options: O) => Scorer): PublicCall =>
  use(
    () => [options(), 'the key', texts()],
    (given, query, some) => make(given).score(query, some, call()),
  )

/** A policy is made of options and asked. */
const policing = <O>(options: () => O, make: (options: O) => SkipPolicy): PublicCall =>
  use(
    () => [options(), { query: 'the key', candidates: candidates(), scorerId: 'fake' }],
    (given, pool) => make(given)(pool),
  )

/** A scorer around another, with its options. */
const wrapping = <O>(options: () => O, make: (scorer: Scorer<'pair'>, options: O) => Scorer): PublicCall =>
  use(
    () =>
      [
        { id: 'inner', scope: 'pair' as const, score: scorer.score },
        options(),
        'the key',
        texts(),
      ] as const as unknown as [Scorer<'pair'>, O, string, string[]],
    (inner, given, query, some) => make(inner, given).score(query, some, call()),
  )

const answer: core.Fetch = async () =>
  new Response(
    '{"results":[{"index":0,"relevance_score":1},{"index":1,"relevance_score":2},{"index":2,"relevance_score":3}]}',
  )
const hosted = () => ({
  apiKey: 'invented-key',
  fetch: answer,
  maxRetries: 0,
  timeoutMs: 1000,
  maxTexts: 10,
  headers: { 'x-a': 'b' },
})
const llm = () => ({
  model: 'm',
  instruction: 'i',
  maxPassageTokens: 30,
  concurrency: 2,
  timeoutMs: 1000,
  countTokens: (text: string) => text.length,
})

export const coreCalls: PublicCalls = {
  ProviderError: 'an error',
  RerankError: use(
    () => [{}],
    (value) => core.RerankError.is(value),
  ),
  createReranker: use(
    () => [
      {
        scorer: { id: 'inner', scope: 'pair' as const, score: scorer.score },
        depth: 5,
        topN: 3,
        minScore: 1,
        maxTokens: 100,
        countTokens: (text: string) => text.length,
        order: 'edges' as const,
        diversity: { threshold: 0.8, lambda: 0.5 },
        blend: { weight: 0.5, normalize: 'min-max' as const, higherIsBetter: true },
        skip: false as const,
        onError: 'throw' as const,
        deadlineMs: 1000,
        telemetry: false,
      },
      'the key',
      candidates(),
      { topN: 2, maxTokens: 50, order: 'relevance' as const, deadlineMs: 500 },
    ],
    async (options, query, given, more) => {
      await using made = core.createReranker(options)
      return made.rerank(query, given, more)
    },
  ),
  asReranker: use(
    () => [
      {
        scorer: { id: 'inner', scope: 'pair' as const, score: scorer.score },
        topN: 3,
        deadlineMs: 1000,
        instruction: undefined as string | undefined,
      },
      'Adapter',
      'the key',
      candidates(),
      { topN: 2, deadlineMs: 500 },
    ],
    async (options, owner, query, given, more) => {
      await using made = core.asReranker(options, owner)
      return made.rerank(query, given, more)
    },
  ),
  doctor: 'looks at the machine, which takes seconds',
  bedrock: scoring(
    () => ({ ...hosted(), region: 'us-west-2', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }),
    (options) => core.bedrock(options),
  ),
  compatible: scoring(
    () => ({
      ...hosted(),
      url: 'http://127.0.0.1:1/rerank',
      form: 'cohere' as const,
      model: 'm',
      instruction: 'i',
      instructionField: 'instruction',
      extraBody: { a: 1 },
      keyHeader: 'api-key' as const,
    }),
    (options) => core.compatible(options),
  ),
  vertex: scoring(
    () => ({ fetch: answer, maxRetries: 0, timeoutMs: 1000, project: 'p', accessToken: 'invented-token' }),
    (options) => core.vertex(options),
  ),
  watsonx: scoring(
    () => ({
      fetch: answer,
      maxRetries: 0,
      timeoutMs: 1000,
      baseUrl: 'http://127.0.0.1:1',
      accessToken: 'invented-token',
      projectId: 'p',
    }),
    (options) => core.watsonx(options),
  ),
  workersAi: scoring(
    () => ({ ...hosted(), accountId: 'a' }),
    (options) => core.workersAi(options),
  ),
  cohere: scoring(
    () => ({ ...hosted(), model: 'rerank-v3.5', baseUrl: 'http://127.0.0.1:1' }),
    (options) => core.cohere(options),
  ),
  jina: scoring(
    () => ({ ...hosted(), model: 'jina-reranker-v2-base-multilingual' }),
    (options) => core.jina(options),
  ),
  mixedbread: scoring(hosted, (options) => core.mixedbread(options)),
  pinecone: scoring(hosted, (options) => core.pinecone(options)),
  server: scoring(
    () => ({
      ...hosted(),
      dialect: 'vllm' as const,
      urls: ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
      scoreType: 'logit' as const,
      truncate: true,
      coolDownMs: 5,
    }),
    (options) => core.server(options),
  ),
  voyage: scoring(hosted, (options) => core.voyage(options)),
  llmListwise: scoring(
    () => ({
      ...llm(),
      generate: async () => '[3] > [1] > [2]',
      windowSize: 3,
      stride: 1,
      maxCalls: 9,
      onUnreadable: 'throw' as const,
    }),
    (options) => core.llmListwise(options),
  ),
  llmPointwise: scoring(
    () => ({ ...llm(), generate: async () => '7', maxGrade: 9, maxRetries: 1, maxCalls: 9 }),
    (options) => core.llmPointwise(options),
  ),
  colbert: use(
    () => [{ model: join(fixtures, 'tiny-colbert'), precision: 'int8' as const, maxLength: 30, threads: 1 }, texts()],
    async (options, given) => {
      await using made = core.colbert(options)
      return made.encodeDocuments(given)
    },
  ),
  readDocuments: use(
    () => [[...core.writeDocuments([['a', vectors()]], 'fake')], 'fake'],
    (chunks, id) => core.readDocuments(chunks, id),
  ),
  writeDocuments: use(
    () => [[['a', vectors()]] as [string, core.DocumentVectors][], 'fake'],
    (documents, id) => [...core.writeDocuments(documents, id)],
  ),
  crossEncoder: use(
    () => [
      {
        model: join(fixtures, 'tiny-bert'),
        maxLength: 40,
        longText: 'windows' as const,
        windowOverlap: 4,
        maxWindows: 3,
        windowsToRead: 2,
        threads: 1,
        workers: 0,
      },
      'the key',
      texts(),
    ],
    async (options, query, given) => {
      await using made = core.crossEncoder(options)
      return made.score(query, given, call())
    },
  ),
  fetchModel: 'asks the hub',
  transformers: 'loads a library of some seconds; its options go through the same table',
  bm25: scoring(
    () => ({ k1: 1, b: 0.5, words: (text: string) => text.split(' ') }),
    (options) => core.bm25(options),
  ),
  calibrated: use(
    () => [
      {
        version: 1,
        scorerId: 'fake',
        skip: {
          policy: 'all-of',
          policies: [
            { policy: 'small-pool', options: { size: 5 } },
            { policy: 'score-shape', options: { atLeast: 1, k: 3 } },
          ],
        },
      },
      { warn: () => {}, other: () => 1 },
      { query: 'the key', candidates: candidates(), scorerId: 'fake' },
    ],
    (file, options, pool) => core.calibrated(file, options)(pool),
  ),
  allOf: use(
    () => [core.smallPool({ size: 9 }), core.keywordQuery()],
    (...policies) => core.allOf(...policies),
  ),
  anyOf: use(
    () => [core.smallPool({ size: 9 }), core.keywordQuery()],
    (...policies) => core.anyOf(...policies),
  ),
  not: use(
    () => [core.smallPool({ size: 9 })],
    (policy) => core.not(policy),
  ),
  smallPool: policing(() => ({ size: 4 }), core.smallPool),
  aboveThreshold: policing(() => ({ threshold: 1, higherIsBetter: true }), core.aboveThreshold),
  agreement: policing(
    () => ({ other: () => 1, k: 3, atLeast: 0.5 }),
    (options) => core.agreement(options),
  ),
  clearMargin: policing(() => ({ margin: 1, place: 2, relative: true, higherIsBetter: true }), core.clearMargin),
  scoreShape: policing(() => ({ atLeast: 1, k: 3, higherIsBetter: true }), core.scoreShape),
  keywordQuery: policing(() => ({ maxWords: 2, identifiers: true }), core.keywordQuery),
  otherScript: policing(() => ({ scripts: ['Latin', 'Greek'], maxShare: 0.5 }), core.otherScript),
  withCircuitBreaker: wrapping(() => ({ failures: 2, restMs: 5 }), core.withCircuitBreaker),
  withCache: wrapping(() => new Map<string, unknown>(), core.withCache),
  withChunks: wrapping(
    () => ({ maxLength: 5, overlap: 2, maxChunks: 3, chunksToRead: 2, measure: (text: string) => text.length }),
    core.withChunks,
  ),
  withFallback: wrapping(
    () => ({ deadlineMs: 100 }),
    (inner, options) => core.withFallback(inner, scorer, options),
  ),
  reciprocalRankFusion: use(
    () => [[candidates(), texts()], { k: 60, weights: [1, 2], key: ({ text }: core.Candidate) => text }],
    (lists, options) => core.reciprocalRankFusion(lists as core.Candidate[][], options),
  ),
}

function vectors(): core.DocumentVectors {
  return {
    precision: 'int8',
    rows: 1,
    dimensions: 2,
    data: Int8Array.of(1, 2),
    steps: Float32Array.of(1),
    truncated: false,
  }
}

const run = (): Map<string, Map<string, number>> =>
  new Map([
    [
      'q',
      new Map([
        ['d0', 2],
        ['d1', 1],
      ]),
    ],
  ])
const qrels = (): Map<string, Map<string, number>> => new Map([['q', new Map([['d1', 1]])]])
const signaling = <O>(options: () => O, make: (options: O) => evaluation.Signal): PublicCall =>
  use(
    () => [options(), { query: 'the key', candidates: candidates() }],
    (given, pool) => make(given).measure(pool),
  )
const ranking = () => ({
  results: candidates().map((candidate, index) => ({ candidate, index, rank: index + 1, score: 1 })),
  report: {
    stages: [{ scorerId: 'fake', outcome: 'ranked' as const, candidates: 3, blended: false, durationMs: 1, stats: {} }],
    candidates: 3,
    returned: 3,
    belowMinScore: 0,
    unscored: 0,
    nearDuplicates: 0,
    overBudget: 0,
    durationMs: 1,
  },
})
const judged = (): evaluation.JudgedScore[] =>
  Array.from({ length: 20 }, (_, at) => ({ score: at / 20, relevant: at % 3 > 0 }))
const missing = join(fixtures, 'no-such-file')

export const evalCalls: PublicCalls = {
  defaultMetrics: 'a list',
  evaluate: use(
    () => [
      run(),
      qrels(),
      { metrics: ['MAP', 'nDCG@3'] as const, queries: 'all' as const, ties: 'trec' as const, float32: true },
    ],
    evaluation.evaluate,
  ),
  metricOf: use(
    () => ['nDCG@10' as const],
    (name) => evaluation.metricOf(name)(['d1'], new Map([['d1', 1]])),
  ),
  rankByScore: use(
    () => [new Map([['d', 1]]), { ties: 'input-order' as const, float32: false }],
    evaluation.rankByScore,
  ),
  runFromLists: use(() => [[['q', ['a', 'b']]] as [string, string[]][]], evaluation.runFromLists),
  openBeirFolder: use(
    () => [missing, 'test'],
    (folder, split) => evaluation.openBeirFolder(folder, split),
  ),
  readBeirQrels: use(() => [missing], evaluation.readBeirQrels),
  readTrecQrels: use(() => [missing], evaluation.readTrecQrels),
  readLines: use(
    () => [missing],
    async (path) => (await evaluation.readLines(path).next()).value,
  ),
  readTrecRun: use(() => [missing], evaluation.readTrecRun),
  measureLift: use(
    () => [
      {
        firstStage: run(),
        reranked: run(),
        qrels: qrels(),
        metrics: ['MAP'] as const,
        worthwhile: 0.1,
        durationsMs: [1, 2],
        costs: [1],
        resamples: 100,
        confidence: 0.9,
        seed: 3,
      },
    ],
    evaluation.measureLift,
  ),
  bootstrapInterval: use(() => [[1, 2, 3], { resamples: 100, confidence: 0.9, seed: 1 }], evaluation.bootstrapInterval),
  adviseDepth: use(
    () => [
      [{ queryId: 'q', ids: ['d0', 'd1'], scores: [1, 2], firstStageScores: [2, 1] }],
      qrels(),
      { depths: [1, 2], metric: 'MAP' as const, share: 0.9, costPerText: 1, costUnit: 'ms', blend: { weight: 0.5 } },
    ],
    evaluation.adviseDepth,
  ),
  measureContext: use(
    () => [
      {
        firstStage: run(),
        reranked: run(),
        qrels: qrels(),
        tokensOf: () => 3,
        topN: 2,
        pricePerMillionTokens: 1,
        rerankCost: 1,
      },
    ],
    evaluation.measureContext,
  ),
  sampleLive: use(
    () => [{ rate: 1, topN: 2, onSample: () => {}, random: () => 0.5 }, ranking()],
    (options, given) => evaluation.sampleLive(options)(given),
  ),
  // The file is ours, whatever else is given: a hostile path would be written to.
  recordSample: use(
    () => [{ rate: 1, maxMiB: 1, random: () => 0.5, warn: () => {} }, 'the key', candidates()],
    async (options, query, given) => {
      const inner = { rerank: async () => ({}), close: async () => {} }
      const recorded = evaluation.recordSample(inner as never, { ...options, file: recordedTo })
      try {
        await (recorded as core.Reranker).rerank(query, given)
      } finally {
        await (recorded as core.Reranker).close()
      }
    },
  ),
  agreementSignal: signaling(
    () => ({ other: () => 1, k: 3 }),
    (options) => evaluation.agreementSignal(options),
  ),
  marginSignal: signaling(() => ({ place: 2, relative: false, higherIsBetter: true }), evaluation.marginSignal),
  shapeSignal: signaling(() => ({ k: 3, higherIsBetter: true }), evaluation.shapeSignal),
  topScoreSignal: signaling(() => ({ higherIsBetter: true }), evaluation.topScoreSignal),
  queryLengthSignal: use(
    () => [{ query: 'the key', candidates: candidates() }],
    (pool) => evaluation.queryLengthSignal().measure(pool),
  ),
  calibrationQuery: use(
    () => [{ query: 'the key', candidates: candidates(), ranking: ranking(), judgements: new Map([['d1', 1]]) }, 2],
    (given, k) => evaluation.calibrationQuery(given as never, k),
  ),
  calibrateSkip: use(
    () => [
      Array.from({ length: 12 }, () => ({ query: 'the key', candidates: candidates(), loss: 0 })),
      {
        scorerId: 'fake',
        retriever: 'r',
        corpus: 'c',
        maxLoss: 0.5,
        confidence: 0.5,
        metric: 'm',
        seed: 1,
        date: '2026-01-01',
      },
    ],
    evaluation.calibrateSkip,
  ),
  expectedCalibrationError: use(() => [judged(), 5], evaluation.expectedCalibrationError),
  fitProbability: use(() => [judged(), { method: 'platt' as const, bins: 5, seed: 2 }], evaluation.fitProbability),
  minScoreFor: use(() => [judged(), { precision: 0.5 }], evaluation.minScoreFor),
  measureEndToEnd: use(
    () => [
      {
        queries: [{ queryId: 'q', query: 'the key', candidates: candidates(), reference: 'r' }],
        reranker: { rerank: async () => ranking() },
        answer: () => ({ text: 'an answer', inputTokens: 1, outputTokens: 1 }),
        judge: () => 'tie' as const,
        topN: 2,
        rerankedTopN: 1,
        concurrency: 2,
        countTokens: () => 1,
        price: { input: 1, output: 1 },
        rerankCost: 1,
        worthwhile: 0.1,
        done: [],
        onRecord: () => {},
        resamples: 100,
      },
    ],
    (options) => evaluation.measureEndToEnd(options as never),
  ),
  llmJudge: use(
    () => [
      async () => 'VERDICT: A',
      { query: 'q', answers: ['a', 'b'] as const, reference: 'r', signal: new AbortController().signal },
    ],
    (complete, input) => evaluation.llmJudge(complete)(input),
  ),
  labelQuery: use(
    () => [
      { id: 'inner', scope: 'pair' as const, score: scorer.score },
      {
        id: 'q',
        query: 'the key',
        candidates: texts().map((text, at) => ({ id: `d${at}`, text, label: 1, scores: { a: 1 } })),
      },
      { stats: {} },
    ],
    (teacher, query, options) => evaluation.labelQuery(teacher, query as never, options),
  ),
  wordsOf: use(() => ['the key'], evaluation.wordsOf),
}

const documents = (): Document[] =>
  texts().map((pageContent, at) => new Document({ pageContent, metadata: { firstStageScore: at } }))

export const aiSdkCalls: PublicCalls = {
  generateWith: use(
    () => [
      {
        specificationVersion: 'v3',
        provider: 'p',
        modelId: 'm',
        supportedUrls: {},
        doGenerate: async () => ({
          content: [{ type: 'text', text: 'text' }],
          finishReason: { unified: 'stop', raw: 'stop' },
          usage: { inputTokens: { total: 1 }, outputTokens: { total: 1 } },
          warnings: [],
        }),
      },
      { maxRetries: 0, maxOutputTokens: 9, temperature: 0.5 },
      'a prompt',
    ],
    (model, settings, prompt) => aiSdk.generateWith(model, settings)(prompt, { ...call(), maxAnswerTokens: 3 }),
  ),
  secondpass: 'the provider below without options',
  createSecondpass: use(
    () => [
      { models: { mine: scorer }, crossEncoder: { threads: 1 } },
      'mine',
      {
        minScore: 1,
        depth: 5,
        blend: { weight: 0.5 },
        modelId: 'm',
        textOf: ({ body }: { body?: unknown }) => String(body),
      },
      {
        documents: { type: 'text' as const, values: texts() },
        query: 'the key',
        topN: 2,
        providerOptions: { secondpass: { scores: [3, 2, 1], deadlineMs: 300, onError: 'keep-order' } },
      },
    ],
    (options, id, settings, asked) =>
      aiSdk
        .createSecondpass(options as never)
        .reranking(id, settings as never)
        .doRerank(asked as never),
  ),
}

export const langchainCalls: PublicCalls = {
  RerankCompressor: use(
    () => [
      {
        scorer,
        topN: 2,
        deadlineMs: 1000,
        scoreKey: 'a',
        firstStageScoreKey: 'b',
        blendedScoreKey: 'c',
        getScore: () => 1,
      },
      documents(),
      'the key',
      { topN: 2 },
    ],
    async (options, given, query, more) => {
      await using made = new langchain.RerankCompressor(options)
      return made.rerank(given, query, more)
    },
  ),
  RerankRetriever: use(
    () => [
      {
        vectorStore: {
          similaritySearchWithScore: async () => documents().map((one, at): [Document, number] => [one, at]),
        },
        scorer,
        k: 3,
        topN: 2,
      },
      'the key',
    ],
    async (options, query) => {
      await using made = new langchain.RerankRetriever(options as never)
      return made.invoke(query)
    },
  ),
  generateWith: use(
    () => [
      { invoke: async () => ({ content: 'text', usage_metadata: { input_tokens: 1 } }) },
      { tags: ['a'] },
      'a prompt',
    ],
    (model, config, prompt) => langchain.generateWith(model, config)(prompt, { ...call(), maxAnswerTokens: 3 }),
  ),
}

export const llamaindexCalls: PublicCalls = {
  RerankPostprocessor: use(
    () => [
      { scorer, topN: 2, deadlineMs: 1000, metadataMode: 'NONE' as const, getScore: () => 1 },
      texts().map((text, at) => ({ node: { getContent: () => text }, score: at })),
      [{ type: 'text', text: 'the key' }],
    ],
    async (options, nodes, query) => {
      await using made = new llamaindex.RerankPostprocessor(options as never)
      return made.postprocessNodes(nodes, query)
    },
  ),
  generateWith: use(
    () => [{ complete: async () => ({ text: 'text' }) }, 'a prompt'],
    (model, prompt) => llamaindex.generateWith(model)(prompt, { ...call(), maxAnswerTokens: 3 }),
  ),
}
