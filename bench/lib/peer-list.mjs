/** The peers: what each runs, and what its numbers may be held against. */
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { paths } from './paths.mjs'

const inPeers = (file) => join(paths.peers, file)
const node = (file, ...args) => ({ command: process.execPath, args: [inPeers(file), ...args] })
const python = (file, ...args) => ({ command: paths.python, args: [inPeers(file), ...args] })
const q8 = 'onnx/model_quantized.onnx'
const fp32 = 'onnx/model.onnx'
/** Candidates in one padded batch: more take tens of GiB. */
const batchLimit = 1000

/**
 * The folders of a model: as other libraries want it (`stock`), as `training/export` writes it, and its weights for torch.
 *
 * @param {string} model `stock` for the weights that were given, or a shape that bench/make_shapes.py writes
 * @param {string} weights folder with the weights in safetensors
 */
function foldersOf(model, weights) {
  if (model === 'stock') return { stock: paths.stock, lean: paths.lean, leanExact: paths.leanExact, weights }
  const inShape = (/** @type {string} */ name) => join(paths.shapes, model, name)
  return {
    stock: inShape('stock'),
    lean: inShape('lean'),
    leanExact: inShape('lean-fp32'),
    weights: inShape('weights'),
  }
}

/**
 * Ours, with the weights that the peers run: what `training/export` writes of them, in int8 and in fp32. Of what it does
 * not read, the stock files in our engine. `seen` is the bundled model, which knows every passage from another question.
 */
export function ours(/** @type {string} */ model, /** @type {string} */ weights) {
  const { stock, lean, leanExact } = foldersOf(model, weights)
  const folder = (/** @type {string} */ own, /** @type {string} */ file) =>
    existsSync(own) ? own : foldedStock(`${model}-${basename(file, '.onnx')}`, stock, file)
  return {
    int8: { name: 'secondpass int8, the same weights', ...node('ours.mjs', folder(lean, q8)) },
    fp32: { name: 'secondpass fp32, the same weights', ...node('ours.mjs', folder(leanExact, fp32)) },
    seen: { name: 'secondpass, its bundled model, passages seen before', ...node('ours.mjs', '--seen') },
  }
}

/**
 * @param {string} model
 * @param {string} weights folder with the weights in safetensors, for torch
 * @returns {Record<string, { name: string, command: string, args: string[], precision: 'fp32' | 'int8' | 'bf16' | 'another model', usual: boolean, most?: number }>}
 * by a short key; `usual` peers run in every sweep, the others on `mixed` only; `most`: candidates that it can take at once
 */
export function peerList(model, weights) {
  const { stock, weights: torch } = foldersOf(model, weights)
  return {
    bundled: {
      name: 'secondpass, its bundled model',
      precision: 'another model',
      usual: true,
      ...node('ours.mjs'),
    },
    'tjs-q8': {
      name: 'transformers.js snippet q8',
      precision: 'int8',
      usual: true,
      most: batchLimit,
      ...node('snippet.mjs', stock, 'q8'),
    },
    'tjs-q8-32': {
      name: 'transformers.js q8, batches of 32',
      precision: 'int8',
      usual: false,
      ...node('snippet.mjs', stock, 'q8', '32'),
    },
    'tjs-fp32': {
      name: 'transformers.js snippet fp32',
      precision: 'fp32',
      usual: false,
      ...node('snippet.mjs', stock, 'fp32'),
    },
    'flashrank-q8': {
      name: 'FlashRank int8',
      precision: 'int8',
      usual: true,
      most: batchLimit,
      ...python('flashrank_peer.py', stock, q8),
    },
    'fastembed-q8': {
      name: 'fastembed int8',
      precision: 'int8',
      usual: true,
      ...python('fastembed_peer.py', stock, q8),
    },
    'fastembed-fp32': {
      name: 'fastembed fp32',
      precision: 'fp32',
      usual: false,
      ...python('fastembed_peer.py', stock, fp32),
    },
    'torch-fp32': {
      name: 'sentence-transformers torch fp32',
      precision: 'fp32',
      usual: true,
      ...python('torch_peer.py', torch, 'float32'),
    },
    'torch-bf16': {
      name: 'sentence-transformers torch bf16',
      precision: 'bf16',
      usual: false,
      ...python('torch_peer.py', torch, 'bfloat16'),
    },
    'pairs-q8': {
      name: 'stock int8, pair by pair',
      precision: 'int8',
      usual: true,
      ...node('stock-pairs.mjs', stock, q8),
    },
    'pairs-q8-unfused': {
      name: 'stock int8 in our engine',
      precision: 'int8',
      usual: true,
      ...node('ours.mjs', foldedStock(`${model}-q8`, stock, q8)),
    },
    'pairs-fp32-unfused': {
      name: 'stock fp32 in our engine',
      precision: 'fp32',
      usual: false,
      ...node('ours.mjs', foldedStock(`${model}-fp32`, stock, fp32)),
    },
  }
}

/** Weights of a stock BERT in the optional folder beside the checkout, when they are there. */
export function defaultWeights() {
  const found = resolve(paths.root, '../shared/models/secondpass-en-mini-interim')
  return existsSync(found) ? found : undefined
}

/** A model folder as our engine takes it, with one of the stock graphs as its model.onnx. */
export function foldedStock(name, stock, file) {
  const folder = join(paths.build, `stock-${name}`)
  mkdirSync(folder, { recursive: true })
  const links = {
    'model.onnx': file,
    'config.json': 'config.json',
    'tokenizer.json': 'tokenizer.json',
    'tokenizer_config.json': 'tokenizer_config.json',
  }
  for (const [link, target] of Object.entries(links)) {
    rmSync(join(folder, link), { force: true })
    symlinkSync(join(stock, target), join(folder, link))
  }
  return folder
}
