// @ts-check
// Gathers what the server serves: page, worker, the model's files and those of onnxruntime-web.
import { copyFileSync, mkdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

const here = import.meta.dirname
const require = createRequire(import.meta.url)
/** onnxruntime-web comes with transformers.js, which needs exactly one version of it. */
const requireWeb = createRequire(require.resolve('@huggingface/transformers'))

/** @param {string} folder where everything is put */
export async function buildPage(folder) {
  const mini = dirname(require.resolve('@secondpass/model-en-mini/package.json'))
  const tiny = dirname(require.resolve('@secondpass/model-en-tiny/package.json'))
  const bytes = (/** @type {string} */ model) => statSync(join(model, 'model.onnx')).size
  await build({
    define: { MODEL_BYTES: JSON.stringify({ mini: bytes(mini), tiny: bytes(tiny) }) },
    entryPoints: [join(here, 'page.js'), join(here, 'worker.js')],
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    outdir: folder,
    logLevel: 'warning',
  })
  for (const file of ['index.html', 'page.css']) copyFileSync(join(here, file), join(folder, file))

  const files = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.onnx']
  copyAll(mini, files, join(folder, 'models/model-en-mini'))
  copyAll(tiny, files, join(folder, 'models/model-en-tiny'))

  const runtime = ['ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']
  const web = dirname(requireWeb.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))
  copyAll(web, runtime, join(folder, 'wasm'))
}

/** @type {(from: string, files: readonly string[], to: string) => void} */
function copyAll(from, files, to) {
  mkdirSync(to, { recursive: true })
  for (const file of files) copyFileSync(join(from, file), join(to, file))
}
