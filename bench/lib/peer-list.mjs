/** The peers: what each runs, and what its numbers may be held against. */
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { paths } from './paths.mjs'

const inPeers = (file) => join(paths.peers, file)
const node = (file, ...args) => ({ command: process.execPath, args: [inPeers(file), ...args] })
const python = (file, ...args) => ({ command: paths.python, args: [inPeers(file), ...args] })
const q8 = 'onnx/model_quantized.onnx'
const fp32 = 'onnx/model.onnx'

/** Ours, with the weights that the peers run: what `training/export` writes of them, in int8 and in fp32. */
export const ours = {
  int8: { name: 'secondpass int8, the same weights', ...node('ours.mjs', paths.lean) },
  fp32: { name: 'secondpass fp32, the same weights', ...node('ours.mjs', paths.leanExact) },
}

/**
 * @param {string} weights folder with the weights in safetensors, for torch
 * @returns {Record<string, { name: string, command: string, args: string[], precision: 'fp32' | 'int8' | 'bf16' | 'another model', usual: boolean }>}
 * by a short key; `usual` peers run on every length profile, the others on `mixed` only
 */
export function peerList(weights) {
  const stock = paths.stock
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
      ...python('torch_peer.py', weights, 'float32'),
    },
    'torch-bf16': {
      name: 'sentence-transformers torch bf16',
      precision: 'bf16',
      usual: false,
      ...python('torch_peer.py', weights, 'bfloat16'),
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
      ...node('ours.mjs', foldedStock('q8', q8)),
    },
    'pairs-fp32-unfused': {
      name: 'stock fp32 in our engine',
      precision: 'fp32',
      usual: false,
      ...node('ours.mjs', foldedStock('fp32', fp32)),
    },
  }
}

/** Weights of a stock BERT in the optional folder beside the checkout, when they are there. */
export function defaultWeights() {
  const found = resolve(paths.root, '../shared/models/secondpass-en-mini-interim')
  return existsSync(found) ? found : undefined
}

/** A model folder as our engine takes it, with one of the stock graphs as its model.onnx. */
function foldedStock(name, file) {
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
    symlinkSync(join(paths.stock, target), join(folder, link))
  }
  return folder
}
