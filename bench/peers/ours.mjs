/**
 * secondpass through its front door: `node ours.mjs [MODEL_FOLDER | --seen]`. Without a folder, the bundled int8 model. It
 * keeps nothing of the passages, but for `--seen`: then each was read before, for another question.
 */
import { createReranker, crossEncoder } from '../../packages/core/dist/index.js'
import { serve, threads } from './serve.mjs'

const [argument] = process.argv.slice(2)
const isSeen = argument === '--seen'
const model = isSeen ? undefined : argument
// More threads are more workers, as the documentation advises.
const workers = threads > 1 ? threads : 0
const scorer = crossEncoder({
  ...(!isSeen && { passageCacheMiB: 0 }),
  workers,
  ...(model !== undefined && { model, graph: 'original' }),
})
// Without a depth, the first hundred alone would be read.
const reranker = createReranker({ scorer, depth: Infinity })
await reranker.warmup()

const read = (/** @type {string[]} */ texts) => reranker.rerank('What else is there?', texts)

await serve(
  { scale: 'logit', versions: { secondpass: scorer.id } },
  async (query, texts) => {
    const { results } = await reranker.rerank(query, texts, { topN: texts.length })
    const scores = new Array(texts.length)
    for (const { index, logit } of results) {
      if (logit === undefined) throw new Error(`text ${index} of ${texts.length} was not read`)
      scores[index] = logit
    }
    return scores
  },
  isSeen ? read : undefined,
)
