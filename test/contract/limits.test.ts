import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseLine } from '../../packages/cli/src/input/json-lines.ts'
import { calibrated, cohere, createReranker, crossEncoder, withChunks } from '../../packages/core/src/index.ts'
import { callOf, readingNumbers, scorerOf } from './fake-scorer.ts'

const model = join(import.meta.dirname, '../fixtures/tiny-bert')
const long = 'where the key is '.repeat(3000)

describe('of a long text', () => {
  it('no more windows are read than may be, and the result says so', async () => {
    await using scorer = crossEncoder({ model, longText: 'windows', maxWindows: 3 })
    const { results, report } = await createReranker({ scorer, blend: false }).rerank('the key', [long, 'the lamp'])
    expect(report.stages[0]?.stats).toMatchObject({ windows: 4, truncatedTexts: 1 })
    expect(results.find(({ index }) => index === 0)).toMatchObject({ truncated: true })
    expect(results.find(({ index }) => index === 1)?.truncated).toBeUndefined()
    expect(scorer.id).toContain('-max3')
  })

  it('no more chunks are scored than may be, and the result says so', async () => {
    const asked: string[] = []
    const inner = scorerOf((_query, texts) => texts.map((text) => asked.push(text)))
    const { results, report } = await createReranker({ scorer: withChunks(inner) }).rerank('the key', [
      'x '.repeat(200_000),
    ])
    expect(asked.length).toBe(100)
    expect(results[0]).toMatchObject({ truncated: true })
    expect(report.stages[0]?.stats).toMatchObject({ chunks: 100, truncatedTexts: 1 })
    expect(withChunks(inner, { maxChunks: 7 }).id).toContain('max7')
  })
})

describe('a deadline', () => {
  it('ends the comparison of results, which then follow as ranked', async () => {
    // Each look at the clock takes a millisecond, and no timer fires: the deadline passes while texts are read.
    let now = 0
    const ticking = { now: () => (now += 1), setTimeout: () => 0, clearTimeout: () => {} }
    const texts = Array.from(
      { length: 40 },
      (_, at) => `${'the same words in all of them '.repeat(400)} ${at} ${40 - at}`,
    )
    const reranker = createReranker({ scorer: readingNumbers(), diversity: {}, deadlineMs: 12, clock: ticking })
    const { results, report } = await reranker.rerank('the key', texts)
    expect(report.stages[0]?.outcome).toBe('ranked')
    expect(report.notCompared).toBeGreaterThan(0)
    expect(results.length + report.nearDuplicates).toBe(40)
  })

  it('and an abort end the cutting of texts into windows and chunks', async () => {
    await using scorer = crossEncoder({ model, longText: 'windows' })
    const texts = Array.from({ length: 50 }, (_, at) => `${long} ${at}`)
    for (const one of [
      scorer,
      withChunks(readingNumbers(), { maxLength: 50, measure: (text) => text.split(' ').length }),
    ]) {
      await one.warmup?.()
      const controller = new AbortController()
      setImmediate(() => controller.abort('enough'))
      await expect(one.score('the key', texts, callOf({ signal: controller.signal }))).rejects.toBe('enough')
      let now = 0
      const late = callOf({ now: () => (now += 1), deadline: 3 })
      await expect(one.score('the key', texts, late)).rejects.toMatchObject({ code: 'deadline' })
    }
  })
})

describe('what is nested without end', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

  it('is refused in the answer of a service', async () => {
    const fetch = async (): Promise<Response> => new Response(`{"results":${nested(1_000_000)}}`)
    const scorer = cohere({ apiKey: 'invented-key', fetch, maxRetries: 0 })
    await expect(scorer.score('the key', ['a'], callOf())).rejects.toThrow(/JSON of more than 64 levels/)
    const failing = cohere({
      apiKey: 'invented-key',
      fetch: async () => new Response(nested(30_000), { status: 500 }),
      maxRetries: 0,
    })
    await expect(failing.score('the key', ['a'], callOf())).rejects.toMatchObject({ status: 500 })
  })

  it('is refused in a calibration file', () => {
    let skip: object = { policy: 'small-pool', options: { size: 2 } }
    for (let level = 0; level < 50_000; level++) skip = { policy: 'any-of', policies: [skip] }
    expect(() => calibrated({ version: 1, scorerId: 'fake', skip })).toThrow(/nest any-of and all-of at most 32 deep/)
  })

  it('is refused in a line of a file, with file and line', () => {
    const line = { file: 'in.jsonl', number: 3, text: `{"query":"a","extra":${nested(5000)}}` }
    expect(() => parseLine(line)).toThrow(/line 3.*more than 500 levels/s)
  })
})
