import { ContextualCompressionRetriever } from '@langchain/classic/retrievers/contextual_compression'
import { aboveThreshold } from '@secondpass/core'
import { describe, expect, it } from 'vitest'
import { RerankCompressor, type RerankCompressorOptions, RerankRetriever } from '../../packages/langchain/src/index.ts'
import { FakeClock } from '../contract/fake-clock.ts'
import { failingScorer, hangingScorer, overlapScorer } from '../fixtures/overlap-scorer.ts'
import { frozenDocuments, query, RunRecorder, storeOf, texts, textsOf } from './support.ts'

describe('the run of a compressor', () => {
  it('is a retriever run under the run of the retriever, with tags, settings and documents', async () => {
    const recorder = new RunRecorder()
    const compressor = new RerankCompressor({ scorer: overlapScorer(), topN: 2, deadlineMs: 500 })
    const store = await storeOf(frozenDocuments())
    const retriever = new ContextualCompressionRetriever({
      baseCompressor: compressor,
      baseRetriever: store.asRetriever(5),
    })
    await retriever.invoke(query, { callbacks: [recorder], tags: ['mine'], metadata: { user: 'u1' } })
    const [parent] = recorder.named('ContextualCompressionRetriever')
    const [run] = recorder.named('RerankCompressor')
    expect(run).toMatchObject({ run_type: 'retriever', parent_run_id: parent?.id, inputs: { query } })
    expect(run?.tags).toEqual(expect.arrayContaining(['mine', 'reranker', 'base_compressor']))
    expect(run?.extra?.['metadata']).toMatchObject({ user: 'u1', candidates: 5, topN: 2, deadlineMs: 500 })
    expect(textsOf(run?.outputs?.['documents'])).toEqual([texts[3], texts[1]])
    expect(run?.end_time).toBeDefined()
  })

  it('is a root run when the compressor is called by itself', async () => {
    const recorder = new RunRecorder()
    await new RerankCompressor({ scorer: overlapScorer() }).compressDocuments(frozenDocuments(), query, [recorder])
    expect(recorder.runs.map((run) => recorder.pathOf(run))).toEqual([
      ['RerankCompressor'],
      ['secondpass.rerank', 'RerankCompressor'],
    ])
  })

  it('does not hand its own tags and settings on to the ranking', async () => {
    const recorder = new RunRecorder()
    const compressor = new RerankCompressor({ scorer: overlapScorer(), topN: 2 })
    await compressor.compressDocuments(frozenDocuments(), query, [recorder])
    expect(recorder.named('secondpass.rerank')[0]).toMatchObject({
      run_type: 'chain',
      tags: [],
      inputs: { query, candidates: 5, topN: 2 },
    })
  })

  it('ends with the error of the scorer', async () => {
    const recorder = new RunRecorder()
    const compressor = new RerankCompressor({ scorer: failingScorer('the model is down') })
    await expect(compressor.compressDocuments(frozenDocuments(), query, [recorder])).rejects.toThrow(
      'the model is down',
    )
    expect(recorder.runs.map((run) => run.error)).toEqual([
      expect.stringContaining('the model is down'),
      expect.stringContaining('the model is down'),
    ])
  })
})

describe('the run of the ranking says what was done and why', () => {
  async function outputsWith(options: RerankCompressorOptions): Promise<Record<string, unknown> | undefined> {
    const recorder = new RunRecorder()
    const documents = frozenDocuments({ firstStageScore: 0.95 })
    await new RerankCompressor(options).compressDocuments(documents, query, [recorder])
    return recorder.named('secondpass.rerank')[0]?.outputs
  }

  it('ranked', async () => {
    expect(await outputsWith({ scorer: overlapScorer(), topN: 2 })).toMatchObject({
      outcome: 'ranked',
      report: { candidates: 5, returned: 2, stages: [{ scorerId: 'overlap', outcome: 'ranked', candidates: 5 }] },
    })
  })

  it('skipped', async () => {
    expect(await outputsWith({ scorer: overlapScorer(), skip: aboveThreshold({ threshold: 0.9 }) })).toMatchObject({
      outcome: 'skipped',
      report: { stages: [{ skipReason: { policy: 'above-threshold' } }] },
    })
  })

  it('failed, with the message', async () => {
    const outputs = await outputsWith({ scorer: failingScorer('the model is down'), onError: 'keep-order' })
    expect(outputs).toMatchObject({ outcome: 'failed', report: { stages: [{ error: 'the model is down' }] } })
    expect(JSON.parse(JSON.stringify(outputs))).toEqual(outputs)
  })

  it('late', async () => {
    const clock = new FakeClock()
    const scorer = hangingScorer()
    const outputs = outputsWith({ scorer, clock, deadlineMs: 50 })
    await scorer.asked
    await clock.advance(50)
    expect(await outputs).toMatchObject({ outcome: 'late', report: { stages: [{ scorerId: 'hanging' }] } })
  })
})

describe('the runs of RerankRetriever', () => {
  it('show what was found before and what came back after', async () => {
    const recorder = new RunRecorder()
    const store = await storeOf(frozenDocuments())
    const retriever = new RerankRetriever({
      vectorStore: store,
      scorer: overlapScorer(),
      k: 5,
      topN: 1,
      tags: ['docs'],
    })
    const documents = await retriever.invoke(query, { callbacks: [recorder], runName: 'search' })
    expect(recorder.runs.map((run) => recorder.pathOf(run))).toEqual([
      ['search'],
      ['VectorStoreSearch', 'search'],
      ['RerankCompressor', 'search'],
      ['secondpass.rerank', 'RerankCompressor', 'search'],
    ])
    const [root, search, compressor] = recorder.runs
    expect(root).toMatchObject({ run_type: 'retriever', tags: ['docs'], outputs: { documents } })
    expect(search?.outputs?.['documents']).toHaveLength(5)
    expect(compressor?.outputs).toEqual({ documents })
  })
})
