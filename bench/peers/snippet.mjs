/**
 * What people copy from model cards: all candidates in one padded batch through transformers.js. `node snippet.mjs
 * STOCK_FOLDER q8|fp32 [BATCH]`; with BATCH, slices of that many. Only threads and offline loading are set beyond it.
 */
import { basename, dirname } from 'node:path'
import { AutoModelForSequenceClassification, AutoTokenizer, env } from '@huggingface/transformers'
import { serve, threads } from './serve.mjs'

const [folder, dtype, batch = 'all'] = process.argv.slice(2)
env.localModelPath = dirname(folder)
env.allowRemoteModels = false

const tokenizer = await AutoTokenizer.from_pretrained(basename(folder))
const model = await AutoModelForSequenceClassification.from_pretrained(basename(folder), {
  dtype,
  session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
})

async function scoreBatch(query, docs) {
  const inputs = tokenizer(new Array(docs.length).fill(query), { text_pair: docs, padding: true, truncation: true })
  const { logits } = await model(inputs)
  return logits.tolist().map(([logit]) => logit)
}

const size = batch === 'all' ? Infinity : Number(batch)
await serve({ scale: 'logit', versions: { '@huggingface/transformers': env.version } }, async (query, texts) => {
  if (texts.length <= size) return scoreBatch(query, texts)
  const scores = []
  for (let start = 0; start < texts.length; start += size)
    scores.push(...(await scoreBatch(query, texts.slice(start, start + size))))
  return scores
})
