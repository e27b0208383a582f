// The worker: finds with BM25, reranks with the model, and answers. The page stays free to scroll and type.
import { bm25, createReranker, transformers } from '@secondpass/core'
import mini from '@secondpass/model-en-mini/calibration.json'
import tiny from '@secondpass/model-en-tiny/calibration.json'
import { passages } from '../passages.mjs'

const at = (path) => new URL(path, location.href).href
const calibrations = { 'model-en-mini': mini, 'model-en-tiny': tiny }

const search = createReranker({ scorer: bm25() })
/** Each model, from the first question that asks for it. */
const rerankers = new Map()

function rerankerOf(model) {
  const known = rerankers.get(model)
  if (known !== undefined) return known
  const made = load(model)
  rerankers.set(model, made)
  // What failed to load, as for want of a network, is tried again at the next question.
  made.catch(() => rerankers.delete(model))
  return made
}

async function load(model) {
  const started = performance.now()
  const scorer = transformers({
    model: at(`models/${model}/`),
    // crossEncoder reads it by itself; transformers is told.
    temperature: calibrations[model].temperature,
    device: 'wasm',
    // From this server, and the files of onnxruntime-web without WebGPU, which are half the size of the default ones.
    wasmPaths: { mjs: at('wasm/ort-wasm-simd-threaded.mjs'), wasm: at('wasm/ort-wasm-simd-threaded.wasm') },
    onProgress: (progress) => postMessage({ kind: 'loading', ...progress }),
  })
  await scorer.warmup()
  // Without COOP and COEP headers a page may not share memory, which threads need.
  const threads = crossOriginIsolated ? 'with threads' : 'on one thread: the page is not cross-origin isolated'
  postMessage({ kind: 'ready', durationMs: performance.now() - started, threads })
  return createReranker({ scorer })
}

async function answer({ question, model, given }) {
  const reranker = await rerankerOf(model)
  const found = given === undefined ? await find(question) : given.map((text, index) => ({ id: String(index), text }))
  postMessage({ kind: 'ranking', found, ranking: await reranker.rerank(question, found) })
}

async function find(question) {
  const { results } = await search.rerank(question, passages, { topN: 20 })
  return results.map(({ candidate }) => candidate)
}

addEventListener(
  'message',
  ({ data }) => void answer(data).catch(({ message }) => postMessage({ kind: 'failed', message })),
)
