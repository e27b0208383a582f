// @ts-check
// Gathers what the server serves: page, worker, the model's files and those of onnxruntime-web.
import { copyFileSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

const here = import.meta.dirname
const require = createRequire(import.meta.url)
/** onnxruntime-web comes with transformers.js, which needs exactly one version of it. */
const requireWeb = createRequire(require.resolve('@huggingface/transformers'))

/** @param {string} folder where everything is put */
export async function buildPage(folder) {
  await build({
    entryPoints: [join(here, 'page.js'), join(here, 'worker.js')],
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    outdir: folder,
    logLevel: 'warning',
  })
  copyFileSync(join(here, 'index.html'), join(folder, 'index.html'))

  const model = dirname(require.resolve('@secondpass/model-en-mini/package.json'))
  const files = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.onnx']
  copyAll(model, files, join(folder, 'models/model-en-mini'))

  const runtime = ['ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']
  const web = dirname(requireWeb.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))
  copyAll(web, runtime, join(folder, 'wasm'))
}

/** @type {(from: string, files: readonly string[], to: string) => void} */
function copyAll(from, files, to) {
  mkdirSync(to, { recursive: true })
  for (const file of files) copyFileSync(join(from, file), join(to, file))
}
