import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createReranker, type Scorer } from '../../packages/core/src/index.ts'
import { recordSample } from '../../packages/core/src/eval/index.ts'
import { RerankCompressor, RerankRetriever } from '../../packages/langchain/src/index.ts'
import { scorerOf } from '../contract/fake-scorer.ts'
import { overlapScorer } from '../fixtures/overlap-scorer.ts'
import { frozenDocuments, query, storeOf } from './support.ts'

/** Heeds instructions, and keeps what it was told. */
function listening(): Scorer<'pair'> & { readonly told: (string | undefined)[] } {
  const told: (string | undefined)[] = []
  const scorer = scorerOf(
    (_query, texts, call) => {
      told.push(call.instruction)
      return texts.map((text) => text.length)
    },
    { takesInstruction: true },
  )
  return Object.assign(scorer, { told })
}

describe('an instruction', () => {
  it('of the compressor holds for every call but one that brings its own', async () => {
    const scorer = listening()
    const compressor = new RerankCompressor({ scorer, instruction: 'Only rules.' })
    await compressor.compressDocuments(frozenDocuments(), query)
    await compressor.compressDocuments(frozenDocuments(), query, undefined, { instruction: 'Only prices.' })
    await compressor.rerank(frozenDocuments(), query, { instruction: 'Only dates.' })
    expect(scorer.told).toEqual(['Only rules.', 'Only prices.', 'Only dates.'])
  })

  it('of one query comes to the retriever in configurable, whatever else runs at the time', async () => {
    const scorer = listening()
    const vectorStore = await storeOf(frozenDocuments())
    const retriever = new RerankRetriever({ vectorStore, scorer, instruction: 'Only rules.' })
    await Promise.all([
      retriever.invoke(query, { configurable: { rerankInstruction: 'Only prices.', thread_id: '1' } }),
      retriever.invoke(query),
    ])
    expect(scorer.told).toHaveLength(2)
    expect(new Set(scorer.told)).toEqual(new Set(['Only prices.', 'Only rules.']))
  })

  it('is refused by a scorer that takes none, and so is one that is no text', async () => {
    const vectorStore = await storeOf(frozenDocuments())
    const retriever = new RerankRetriever({ vectorStore, scorer: overlapScorer(), onError: 'keep-order' })
    const ask = (rerankInstruction: unknown): Promise<unknown> =>
      retriever.invoke(query, { configurable: { rerankInstruction } })
    await expect(ask('Only rules.')).rejects.toThrow('instruction is "Only rules.": ')
    await expect(ask(5)).rejects.toThrow('instruction is 5: pass a sentence')
  })
})

describe('a reranker that records', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-langchain-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('writes ids, texts and similarities of what the store found', async () => {
    const file = join(folder, 'sample.jsonl')
    const reranker = recordSample(createReranker({ scorer: overlapScorer() }), { file })
    const retriever = new RerankRetriever({ vectorStore: await storeOf(frozenDocuments()), k: 2, reranker })
    const found = await retriever.invoke(query)
    await reranker.close()
    const { candidates, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as { candidates: object[] }
    expect(rest).toEqual({ query })
    const expected = found.map(({ id, pageContent: text, metadata }) => ({
      id,
      text,
      score: metadata['firstStageScore'],
    }))
    expect(candidates).toHaveLength(2)
    expect(candidates).toEqual(expect.arrayContaining(expected))
    expect(expected.every(({ id }) => typeof id === 'string')).toBe(true)
  })
})
