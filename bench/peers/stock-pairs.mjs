/**
 * The stock file, one pair a run, in plain onnxruntime-node: what is left of our lead when the graph alone differs. Pairs are
 * made by `@huggingface/tokenizers`, which takes under 1 % of the time. `node stock-pairs.mjs STOCK_FOLDER onnx/model_quantized.onnx`
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { Tokenizer } from '@huggingface/tokenizers'
import { serve, threads } from './serve.mjs'

const [folder, file] = process.argv.slice(2)
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const tokenizer = new Tokenizer(read('tokenizer.json'), read('tokenizer_config.json'))
const longestPair = read('config.json').max_position_embeddings
const session = await ort.InferenceSession.create(join(folder, file), {
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
})

/** The ids of a text, [CLS] and [SEP] with them. */
const encode = (text) => tokenizer.encode(text).ids

/** [CLS] query [SEP] text [SEP]; a text that is too long loses its end. */
function feeds(query, [, ...text]) {
  const room = longestPair - query.length
  const kept = text.length > room ? [...text.slice(0, room - 1), text.at(-1)] : text
  const ids = [...query, ...kept]
  const tensor = (valueAt) =>
    new ort.Tensor(
      'int64',
      BigInt64Array.from(ids, (_, at) => BigInt(valueAt(at))),
      [1, ids.length],
    )
  return {
    input_ids: tensor((at) => ids[at]),
    attention_mask: tensor(() => 1),
    token_type_ids: tensor((at) => Number(at >= query.length)),
  }
}

await serve({ scale: 'logit', versions: { 'onnxruntime-node': ort.env.versions.node } }, async (query, texts) => {
  const encoded = encode(query)
  const scores = []
  for (const text of texts) scores.push((await session.run(feeds(encoded, encode(text)))).logits.data[0])
  return scores
})
