// The worker: finds with BM25, reranks with the model, and answers. The page stays free to scroll and type.
import { bm25, createReranker, transformers } from '@secondpass/core'
import calibration from '@secondpass/model-en-mini/calibration.json'
import { passages } from '../passages.mjs'

const at = (path) => new URL(path, location.href).href

const scorer = transformers({
  model: at('models/model-en-mini/'),
  // crossEncoder reads it by itself; transformers is told.
  temperature: calibration.temperature,
  device: 'wasm',
  // From this server, and the files of onnxruntime-web without WebGPU, which are half the size of the default ones.
  wasmPaths: { mjs: at('wasm/ort-wasm-simd-threaded.mjs'), wasm: at('wasm/ort-wasm-simd-threaded.wasm') },
  onProgress: (progress) => postMessage({ kind: 'loading', ...progress }),
})
const search = createReranker({ scorer: bm25() })
const reranker = createReranker({ scorer })

const ready = warmUp()

async function warmUp() {
  const started = performance.now()
  await scorer.warmup()
  // Without COOP and COEP headers a page may not share memory, which threads need.
  const threads = crossOriginIsolated ? 'with threads' : 'on one thread: the page is not cross-origin isolated'
  postMessage({ kind: 'ready', durationMs: performance.now() - started, threads })
}

async function answer(question) {
  await ready
  const found = await search.rerank(question, passages, { topN: 20 })
  const candidates = found.results.map(({ candidate }) => candidate)
  postMessage({ kind: 'ranking', ranking: await reranker.rerank(question, candidates, { topN: 5 }) })
}

addEventListener('message', ({ data: { question } }) => void answer(question).catch(fail))
ready.catch(fail)

function fail({ message }) {
  postMessage({ kind: 'failed', message })
}
