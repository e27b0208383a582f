/** Where things are. Everything but the model package may be missing; each use says what makes it. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const inRepository = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

export const paths = {
  root: inRepository(''),
  model: inRepository('packages/model-en-mini'),
  core: inRepository('packages/core/dist/index.js'),
  eval: inRepository('packages/core/dist/eval/index.js'),
  /** The bundled model's exact graph, in fp32. */
  exact: inRepository('training/build/fp32'),
  /** A stock BERT as other libraries want it: onnx/model.onnx, onnx/model_quantized.onnx, tokenizer files. */
  stock: inRepository('training/build/stock'),
  /** The same weights as training/export writes them, in int8 and in fp32. */
  lean: inRepository('training/build/lean'),
  leanExact: inRepository('training/build/lean-fp32'),
  /** Models of other sizes, in the folders that bench/make_shapes.py writes. */
  shapes: inRepository('training/build/shapes'),
  peers: inRepository('bench/peers'),
  python: inRepository('bench/peers/.venv/bin/python'),
  /** Of Infinity, which wants an older transformers than the other peers. */
  infinityPython: inRepository('bench/peers/.venv-infinity/bin/python'),
  trainingPython: inRepository('training/.venv/bin/python'),
  build: inRepository('bench/build'),
  results: inRepository('bench/results'),
  raw: inRepository('bench/results/raw'),
  /** Optional folder beside the checkout with public evaluation sets in BEIR layout. */
  data: inRepository('../shared/data/dev'),
}

/** Stops with a plain sentence when something that a benchmark needs is not there. */
export function requirePath(path, howToMakeIt) {
  if (existsSync(path)) return path
  console.error(`${path} is missing: ${howToMakeIt}`)
  process.exit(2)
}
