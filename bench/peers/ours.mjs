/** secondpass through its front door: `node ours.mjs [MODEL_FOLDER]`. Without a folder, the bundled int8 model. */
import { createReranker, crossEncoder } from '../../packages/core/dist/index.js'
import { serve, threads } from './serve.mjs'

const [model] = process.argv.slice(2)
// More threads are more workers, as the documentation advises.
const workers = threads > 1 ? threads : 0
const scorer = crossEncoder({ passageCacheMiB: 0, workers, ...(model !== undefined && { model, graph: 'original' }) })
const reranker = createReranker({ scorer })
await reranker.warmup()

await serve({ scale: 'logit', versions: { secondpass: scorer.id } }, async (query, texts) => {
  const { results } = await reranker.rerank(query, texts, { topN: texts.length })
  const scores = new Array(texts.length)
  for (const result of results) scores[result.index] = result.logit
  return scores
})
