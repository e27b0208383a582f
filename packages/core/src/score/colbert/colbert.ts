import { count } from '../../base/call.js'
import { must, type OptionsOf, type OptionTable, readOptions, required, whole, withDefault } from '../../base/check.js'
import { nextTurn } from '../../base/clock.js'
import { invalidArgument } from '../../base/errors.js'
import type { Call, Scorer } from '../../types.js'
import { readTokenizerFiles } from '../cross-encoder/model-files.js'
import { isBundledName, ModelSource, type ModelSourceOptions, sourceOptions } from '../cross-encoder/model-source.js'
import { LoadOnce } from '../cross-encoder/pair-scorer.js'
import { checkStillWanted, readingOptions } from '../cross-encoder/reading.js'
import { refuseTelemetry } from '../cross-encoder/session/node.js'
import { type DocumentVectors, maxSim, packVectors, unpackVectors, type VectorPrecision } from './documents.js'
import {
  type ColbertEncoder,
  createColbertEncoder,
  createColbertTextEncoder,
  type EncodedText,
  readColbertSettings,
} from './encoder.js'
import { openVectorSession, type VectorSession } from './vector-session.js'

/** A late-interaction scorer, which can also encode documents ahead of time. */
export interface Colbert extends Scorer<'pair'>, AsyncDisposable {
  /**
   * Encodes documents ahead of time, and puts those that the store does not hold yet into it. One result per text, in
   * order.
   *
   * @throws the signal's reason when it aborts; what was encoded until then is in the store.
   */
  encodeDocuments(texts: readonly string[], options?: EncodeDocumentsOptions): Promise<DocumentVectors[]>
  warmup(): Promise<void>
  close(): Promise<void>
}

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

/** See {@link ColbertOptions}. */
const colbertOptions = {
  ...sourceOptions,
  model: required(
    must<string>(
      (model) => typeof model === 'string' && model !== '' && !isBundledName(model),
      'pass the folder or the hub name of a ColBERT model; none is bundled',
    ),
  ),
  store: must<DocumentStore>((store) => {
    const { get, set } = (store ?? {}) as Partial<DocumentStore>
    return typeof get === 'function' && typeof set === 'function'
  }, 'pass a Map, or an object with get(text) and set(text, vectors)'),
  precision: must<VectorPrecision>(
    (precision) => ['float32', 'float16', 'int8'].includes(precision as string),
    "pass 'float32', 'float16' or 'int8'",
  ),
  maxLength: readingOptions.maxLength,
  threads: withDefault(whole(1), 1),
} satisfies OptionTable<ColbertOptions>

/** Options of `encodeDocuments`. */
export interface EncodeDocumentsOptions {
  /** Aborting rejects with the signal's reason; what was encoded until then is in the store. */
  readonly signal?: AbortSignal | undefined
  /** Called after each document with how many are done, and of how many. */
  readonly onProgress?: ((done: number, all: number) => void) | undefined
}

/**
 * A late-interaction scorer (ColBERT): query and document are encoded apart, one vector per token, and compared by the
 * sum of best matches. Coarser than a cross-encoder, but documents can be encoded once and kept: with a store that holds
 * the candidates, reranking costs one run of the model, for the query.
 *
 * Scores are sums over the tokens of the query: they compare within one query, not across queries. A model of the hub is
 * downloaded by the first call, and the id is final from then on.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option, `'model-files'` when the model folder is not complete.
 */
export function colbert(options: ColbertOptions): Colbert {
  const read = readOptions(colbertOptions, options)
  refuseTelemetry()
  return new OnnxColbert(new ModelSource(read), read)
}

interface Loaded {
  readonly encoder: ColbertEncoder
  readonly session: VectorSession
}

class OnnxColbert implements Colbert {
  readonly scope = 'pair'
  readonly #source: ModelSource
  readonly #options: OptionsOf<typeof colbertOptions>
  readonly #precision: VectorPrecision
  readonly #store: DocumentStore | undefined
  readonly #loaded: LoadOnce<Loaded>
  /** Runs that have not ended: the session is freed after them. */
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(source: ModelSource, options: OptionsOf<typeof colbertOptions>) {
    this.#source = source
    this.#options = options
    this.#store = options.store
    this.#precision = options.precision ?? (options.store === undefined ? 'float32' : 'float16')
    this.#loaded = new LoadOnce({
      id: () => this.id,
      open: (signal) => this.#open(signal),
      free: async ({ session }) => {
        await Promise.allSettled(this.#underWay)
        await session.release()
      },
    })
  }

  get id(): string {
    const length = this.#options.maxLength === undefined ? [] : [`max${this.#options.maxLength}`]
    return ['colbert', this.#source.id, this.#precision, ...length].join(':')
  }

  async score(query: string, texts: readonly string[], call: Call): Promise<readonly number[]> {
    call.signal.throwIfAborted()
    this.#loaded.checkOpen()
    if (texts.length === 0) return []
    const loaded = await this.#loaded.get()
    checkStillWanted(call)
    const asked = await this.#run(loaded, await loaded.encoder.encodeQuery(query), call)
    const found = new Map<string, { score: number; truncated: boolean }>()
    count(call, 'texts', texts.length)
    for (const [at, text] of texts.entries()) {
      let known = found.get(text)
      if (known === undefined) {
        checkStillWanted(call)
        const vectors = await this.#vectorsOf(text, loaded, call)
        known = { score: maxSim(asked, unpackVectors(vectors)), truncated: vectors.truncated }
        found.set(text, known)
        count(call, 'truncatedTexts', known.truncated ? 1 : 0)
        await nextTurn()
      }
      if (known.truncated) call.note(at, { truncated: true })
    }
    call.signal.throwIfAborted()
    return texts.map((text) => (found.get(text) as { score: number }).score)
  }

  async encodeDocuments(
    texts: readonly string[],
    { signal, onProgress }: EncodeDocumentsOptions = {},
  ): Promise<DocumentVectors[]> {
    const loaded = await this.#loaded.get()
    const encoded: DocumentVectors[] = []
    for (const text of texts) {
      signal?.throwIfAborted()
      if (typeof text !== 'string') throw invalidArgument(`texts[${encoded.length}]`, text, 'pass strings')
      const known = await this.#stored(text)
      const vectors = known ?? (await this.#encode(text, loaded))
      if (known === undefined) await this.#store?.set(text, vectors)
      encoded.push(vectors)
      onProgress?.(encoded.length, texts.length)
    }
    return encoded
  }

  async warmup(): Promise<void> {
    const loaded = await this.#loaded.get()
    // The first run allocates what later ones reuse.
    await this.#run(loaded, await loaded.encoder.encodeQuery('warm up'))
  }

  async close(): Promise<void> {
    await this.#loaded.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #vectorsOf(text: string, loaded: Loaded, call: Call): Promise<DocumentVectors> {
    const stored = await this.#stored(text)
    if (stored !== undefined) count(call, 'storedTexts', 1)
    return stored ?? this.#encode(text, loaded, call)
  }

  async #stored(text: string): Promise<DocumentVectors | undefined> {
    const stored = await this.#store?.get(text)
    if (stored === undefined || stored.precision === this.#precision) return stored
    const fix = `encode the documents again, or pass precision: '${stored.precision}'`
    throw invalidArgument('precision', this.#precision, `the store holds '${stored.precision}' vectors; ${fix}`)
  }

  async #encode(text: string, loaded: Loaded, call?: Call): Promise<DocumentVectors> {
    const encoded = await loaded.encoder.encodeDocument(text)
    const vectors = await this.#run(loaded, encoded, call)
    return packVectors(vectors, { precision: this.#precision, truncated: encoded.truncated })
  }

  async #run({ session }: Loaded, text: EncodedText, call?: Call): ReturnType<VectorSession['run']> {
    this.#loaded.checkOpen()
    const run = session.run(text)
    this.#underWay.add(run)
    const vectors = await run.finally(() => this.#underWay.delete(run))
    if (call !== undefined) count(call, 'runs', 1)
    if (call !== undefined) count(call, 'tokens', text.ids.length)
    return vectors
  }

  async #open(signal: AbortSignal): Promise<Loaded> {
    const { path, graphPath } = await this.#source.ensure(signal)
    const { tokenizer, tokenizerConfig } = await readTokenizerFiles({ path })
    const read = readColbertSettings(path)
    const settings = { ...read, documentLength: Math.min(this.#options.maxLength ?? Infinity, read.documentLength) }
    const markers = [settings.queryPrefix, settings.documentPrefix]
    const texts = await createColbertTextEncoder(tokenizer, markers)
    const encoder = createColbertEncoder({ tokenizer, tokenizerConfig, encoder: texts, settings })
    const { threads, providers } = this.#options
    return { encoder, session: await openVectorSession({ graphPath, threads, providers }) }
  }
}
