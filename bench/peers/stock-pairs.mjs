/**
 * The stock file, one pair a run, in plain onnxruntime-node with our tokeniser: what is left of our lead when the
 * graph alone differs. `node stock-pairs.mjs STOCK_FOLDER onnx/model_quantized.onnx`
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { createPairEncoder } from '../../packages/core/dist/score/cross-encoder/pairs.js'
import { createTextEncoder } from '../../packages/core/dist/score/cross-encoder/tokenizer/text-encoder.js'
import { serve } from './serve.mjs'

const [folder, file] = process.argv.slice(2)
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const [tokenizer, tokenizerConfig, config] = ['tokenizer.json', 'tokenizer_config.json', 'config.json'].map(read)
const encoder = await createTextEncoder(tokenizer, tokenizerConfig)
const pairs = createPairEncoder({ tokenizer, tokenizerConfig, config, encoder })
const session = await ort.InferenceSession.create(join(folder, file), { intraOpNumThreads: 1, interOpNumThreads: 1 })

function feeds({ ids, secondSegmentStart }) {
  const tensor = (valueAt) =>
    new ort.Tensor(
      'int64',
      BigInt64Array.from(ids, (_, at) => BigInt(valueAt(at))),
      [1, ids.length],
    )
  return {
    input_ids: tensor((at) => ids[at]),
    attention_mask: tensor(() => 1),
    token_type_ids: tensor((at) => Number(at >= secondSegmentStart)),
  }
}

await serve({ scale: 'logit', versions: { 'onnxruntime-node': ort.env.versions.node } }, async (query, texts) => {
  const encodedQuery = pairs.encodeQuery(query)
  const scores = []
  for (const text of texts) scores.push((await session.run(feeds(pairs.encodePair(encodedQuery, text)))).logits.data[0])
  return scores
})
