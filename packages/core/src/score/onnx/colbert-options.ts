import { checkOptions } from '../../checks.js'
import { invalidArgument } from '../../errors.js'
import type { DocumentVectors, VectorPrecision } from './document-vectors.js'
import { isWholeFrom } from '../encode/reading-options.js'
import { isBundledName } from '../files/model-name.js'
import { type ModelSourceOptions, sourceOptionNames } from './model-source.js'

/** Keeps document vectors by text. A `Map` fits as it is. */
export interface DocumentStore {
  get(text: string): DocumentVectors | undefined | Promise<DocumentVectors | undefined>
  set(text: string, vectors: DocumentVectors): unknown
}

/** Options of `colbert`. */
export interface ColbertOptions extends Omit<ModelSourceOptions, 'model'> {
  /**
   * A folder or a model on the hub, as `crossEncoder` takes them, with a graph that gives one vector per token, the
   * projection included, and the settings that PyLate or the reference implementation saved. None is bundled.
   */
  readonly model: string
  /**
   * Holds documents that were encoded ahead of time with `encodeDocuments`; read in every call, written only there.
   * Default: none, every document is encoded in every call.
   */
  readonly store?: DocumentStore | undefined
  /**
   * What document vectors are rounded to, stored or not, so that a score does not depend on whether its document was in
   * the store. Default `'float16'` with a store, `'float32'` without.
   */
  readonly precision?: VectorPrecision | undefined
  /** Longest document in tokens, special tokens and marker included; 5 or more. Default: what the model says. */
  readonly maxLength?: number | undefined
  /** Threads inside one run, 1 or more. Default 1. */
  readonly threads?: number | undefined
}

/** Options of `encodeDocuments`. */
export interface EncodeDocumentsOptions {
  /** Aborting rejects with the signal's reason; what was encoded until then is in the store. */
  readonly signal?: AbortSignal | undefined
  /** Told after each document how many of all are done. */
  readonly onProgress?: ((done: number, all: number) => void) | undefined
}

const KNOWN = [...sourceOptionNames, 'store', 'precision', 'maxLength', 'threads']
const PRECISIONS: readonly unknown[] = ['float32', 'float16', 'int8']

/** @throws RerankError `'invalid-argument'` for the first option that is wrong. */
export function checkColbertOptions(options: ColbertOptions): void {
  checkOptions('options', options, KNOWN)
  const { model, store, precision, maxLength, threads }: Partial<ColbertOptions> = options
  if (typeof model !== 'string' || model === '' || isBundledName(model)) {
    throw invalidArgument('model', model, 'pass the folder or the hub name of a ColBERT model; none is bundled')
  }
  if (store !== undefined && (typeof store?.get !== 'function' || typeof store.set !== 'function')) {
    throw invalidArgument('store', store, 'pass a Map, or an object with get(text) and set(text, vectors)')
  }
  if (precision !== undefined && !PRECISIONS.includes(precision)) {
    throw invalidArgument('precision', precision, "pass 'float32', 'float16' or 'int8'")
  }
  if (maxLength !== undefined && !isWholeFrom(5, maxLength)) {
    throw invalidArgument('maxLength', maxLength, 'pass a whole number of tokens from 5, or leave it out')
  }
  if (threads !== undefined && !isWholeFrom(1, threads)) {
    throw invalidArgument('threads', threads, 'pass a whole number from 1')
  }
}
