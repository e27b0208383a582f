// @ts-check
// An adapter for the rerank() of TanStack AI.
// npm install @secondpass/core @tanstack/ai@0.58.0
import { createReranker } from '@secondpass/core'
import { BaseRerankAdapter, rerank } from '@tanstack/ai'
import { passages } from '../passages.mjs'
import { rankByKeywords } from '../support/bm25.mjs'

/** @extends {BaseRerankAdapter<string, { scores?: readonly number[], deadlineMs?: number }>} */
class SecondpassRerankAdapter extends BaseRerankAdapter {
  name = 'secondpass'
  reranker = createReranker()

  constructor() {
    super({}, 'bundled')
  }

  /** @override @type {BaseRerankAdapter<string, { scores?: readonly number[], deadlineMs?: number }>['rerank']} */
  async rerank({ query, documents, topN = Infinity, modelOptions: { scores, deadlineMs } = {}, abortSignal, logger }) {
    logger.request('secondpass rerank', { documents: documents.length })
    try {
      // TanStack AI hands over texts alone, so first-stage scores come along as an option.
      const candidates = documents.map((text, at) => ({ text, score: scores?.[at] }))
      const { results, report } = await this.reranker.rerank(query, candidates, {
        topN,
        deadlineMs,
        signal: abortSignal,
      })
      const { tokens = 0 } = report.stages[0]?.stats ?? {}
      return {
        id: this.generateId(),
        ranking: results.map(({ index, score = 0 }) => ({ index, score })),
        usage: { promptTokens: tokens, completionTokens: 0, totalTokens: tokens },
      }
    } catch (error) {
      logger.errors('secondpass rerank failed', { error })
      throw error
    }
  }
}

const question = 'What happens if my credit card expires?'
const found = (await rankByKeywords(question, passages)).slice(0, 20)
const adapter = new SecondpassRerankAdapter()

const { ranking, usage } = await rerank({
  adapter,
  query: question,
  documents: found.map(({ text }) => text),
  topN: 3,
  modelOptions: { scores: found.map(({ score }) => score) },
})
console.log(`${question} (${usage.totalTokens} tokens read)`)
for (const { index, score } of ranking) console.log(`  ${score.toFixed(3)}  ${found[index]?.title}`)

await adapter.reranker.close()
