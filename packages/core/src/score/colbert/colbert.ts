import { randomUUID } from 'node:crypto'
import { count, refuseInstruction } from '../../base/call.js'
import {
  checkTexts,
  must,
  type OptionsOf,
  type OptionTable,
  readOptions,
  required,
  whole,
  withDefault,
} from '../../base/check.js'
import { invalidArgument } from '../../base/errors.js'
import { aloneInThread, type QueueOptions, queueOptions, Schedule, type Turns } from '../../base/schedule.js'
import type { Call, Scorer, TruncationSide } from '../../types.js'
import { loading, readTokenizerFiles } from '../cross-encoder/model-files.js'
import { isBundledName, ModelSource, type ModelSourceOptions, sourceOptions } from '../cross-encoder/model-source.js'
import { LoadOnce } from '../cross-encoder/pair-scorer.js'
import { closedWhileScoring, readingOptions, readingParts, threadsPart } from '../cross-encoder/reading.js'
import { type Opened, providerPart, refuseTelemetry } from '../cross-encoder/session/node.js'
import type { DocumentVectors, VectorPrecision } from '../documents/vectors.js'
import {
  checkDocumentTexts,
  checkFileArguments,
  type DocumentStore,
  encodeAll,
  type EncodedFile,
  type EncodeDocumentsOptions,
  encodeInto,
  type EncodesDocuments,
  type EncodeToFileOptions,
  OpenStore,
  storeOption,
} from '../documents/store.js'
import { maxSim, packVectors, type TokenVectors, unpackVectors } from './documents.js'
import {
  type ColbertEncoder,
  createColbertEncoder,
  createColbertTextEncoder,
  type EncodedText,
  readColbertSettings,
} from './encoder.js'
import { openVectorSession, type VectorSession } from './vector-session.js'

/** A late-interaction scorer, which can also encode documents ahead of time. */
export interface Colbert extends Scorer<'pair'>, EncodesDocuments, AsyncDisposable {
  warmup(): Promise<void>
  close(): Promise<void>
}

/** Options of `colbert`. */
export interface ColbertOptions extends Omit<ModelSourceOptions, 'model'>, QueueOptions {
  /**
   * A folder or a model on the hub, as `crossEncoder` takes them, with a graph that gives one vector per token, the
   * projection included, and the settings that PyLate or the reference implementation saved. None is bundled.
   */
  readonly model: string
  /**
   * Documents that were encoded ahead of time: the path of a file that `encodeDocumentsToFile` wrote, or what
   * `encodeDocuments` fills; read in every call, written only there. A document that it has not handed over within a second is
   * encoded instead, as is one that it fails for; the report counts both in `storeErrors`. Default: none, every document is
   * encoded in every call.
   */
  readonly store?: DocumentStore | string | undefined
  /**
   * What document vectors are rounded to, stored or not, so that a score does not depend on whether its document was in
   * the store. Default `'float16'` with a store, `'float32'` without.
   */
  readonly precision?: VectorPrecision | undefined
  /** Longest document in tokens, special tokens and marker included; 5 or more. Default: what the model says. */
  readonly maxLength?: number | undefined
  /**
   * Which side of a query is cut off that is longer than the model says, often 32 tokens: `'right'` (default) its end,
   * `'left'` its beginning. The results then say `queryTruncated`, and the report counts `truncatedQueries`.
   */
  readonly queryTruncationSide?: TruncationSide | undefined
  /**
   * Whether control tokens and markers that a query or text spells, such as `[SEP]` or `[D]`, are read as the characters
   * that they are. Default `true`. `false`: they act as such, as in Python.
   */
  readonly splitSpecialTokens?: boolean | undefined
  /** Threads inside one run, 1 to 1024. Default 1. */
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
  store: storeOption,
  precision: must<VectorPrecision>(
    (precision) => ['float32', 'float16', 'int8'].includes(precision as string),
    "pass 'float32', 'float16' or 'int8'",
  ),
  maxLength: readingOptions.maxLength,
  queryTruncationSide: readingOptions.queryTruncationSide,
  splitSpecialTokens: readingOptions.splitSpecialTokens,
  threads: withDefault(whole(1, 1024), 1),
  ...queueOptions,
} satisfies OptionTable<ColbertOptions>

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
  readonly store: OpenStore | undefined
}

/** The part of a call that a scorer's own work lacks. */
function nobody(): Pick<Call, 'signal' | 'deadline' | 'now'> {
  return { signal: new AbortController().signal, deadline: Infinity, now: () => performance.now() }
}

/** What encoding takes: the model, and a turn for each run. */
interface Encoding {
  readonly loaded: Loaded
  readonly turns: Turns
  readonly call?: Call
}

interface Match {
  readonly score: number
  readonly truncated: boolean
}

class OnnxColbert implements Colbert {
  readonly scope = 'pair'
  readonly #source: ModelSource
  readonly #options: OptionsOf<typeof colbertOptions>
  readonly #precision: VectorPrecision
  readonly #loaded: LoadOnce<Loaded>
  readonly #schedule: Schedule
  readonly #key = randomUUID().slice(0, 8)
  #opened: Opened | undefined

  constructor(source: ModelSource, options: OptionsOf<typeof colbertOptions>) {
    this.#source = source
    this.#options = options
    this.#precision = options.precision ?? (options.store === undefined ? 'float32' : 'float16')
    this.#schedule = new Schedule({ id: () => this.id, places: 1, maxQueued: options.maxQueued, blocks: true })
    this.#loaded = new LoadOnce({
      id: () => this.id,
      weights: () => this.#source.id,
      open: (signal) => loading(this.id, signal, () => this.#open(signal)),
      free: async ({ session, store }) => {
        await this.#schedule.whenIdle()
        await session.release()
        await store?.close()
      },
    })
  }

  get id(): string {
    const { threads, providers, ...options } = this.#options
    const parts = [
      ...readingParts(options),
      ...threadsPart(threads),
      ...providerPart(providers, this.#opened, this.#key),
    ]
    return ['colbert', this.#source.id, this.#precision, ...parts].join(':')
  }

  get documentsId(): string {
    return this.id
  }

  async score(query: string, texts: readonly string[], call: Call): Promise<readonly number[]> {
    checkTexts(query, texts)
    call.signal.throwIfAborted()
    this.#loaded.checkOpen()
    refuseInstruction(this.id, call)
    if (texts.length === 0) return []
    // One run for each text at most, and one for the query.
    const size = { pairs: texts.length, effort: texts.length + 1 }
    return this.#schedule.admit(call, size, async (turns) => {
      const loaded = await this.#loaded.get()
      return this.#scoreInTurns(query, texts, { loaded, turns, call })
    })
  }

  async #scoreInTurns(query: string, texts: readonly string[], work: Encoding & { call: Call }): Promise<number[]> {
    const { call } = work
    const asked = await this.#encodeInTurn(({ encoder }) => encoder.encodeQuery(query), work)
    const queryTruncated = asked.encoded.truncated
    if (queryTruncated) count(call, 'truncatedQueries', 1)
    const found = new Map<string, Match>()
    count(call, 'texts', texts.length)
    for (const [at, text] of texts.entries()) {
      const known = found.get(text) ?? (await this.#match(asked.vectors, text, work))
      if (!found.has(text)) count(call, 'truncatedTexts', known.truncated ? 1 : 0)
      found.set(text, known)
      if (known.truncated) call.note(at, { truncated: true })
      if (queryTruncated) call.note(at, { queryTruncated: true })
    }
    call.signal.throwIfAborted()
    return texts.map((text) => (found.get(text) as { score: number }).score)
  }

  async encodeDocuments(texts: readonly string[], options: EncodeDocumentsOptions = {}): Promise<DocumentVectors[]> {
    checkDocumentTexts(texts)
    return this.#encoding(options, texts.length, (work) => {
      return encodeAll(texts, { encode: (text) => this.#encode(text, work), store: work.loaded.store }, options)
    })
  }

  async encodeDocumentsToFile(
    texts: Iterable<string> | AsyncIterable<string>,
    path: string,
    options: EncodeToFileOptions = {},
  ): Promise<EncodedFile> {
    checkFileArguments(texts, path)
    return this.#encoding(options, Infinity, (work) => {
      const encoder = { encode: (text: string) => this.#encode(text, work), documentsId: this.documentsId, places: 1 }
      return encodeInto({ texts, path }, encoder, options)
    })
  }

  /** @param effort how many runs it may be; `Infinity` where nobody knows */
  async #encoding<T>(
    { signal }: EncodeDocumentsOptions | EncodeToFileOptions,
    effort: number,
    work: (encoding: Encoding) => Promise<T>,
  ): Promise<T> {
    const loaded = await this.#loaded.get()
    const call = { ...nobody(), ...(signal && { signal }), stats: {}, caller: {} }
    // No pairs: a caller that encodes a collection waits for it anyway, and is passed by every call that scores.
    const size = { pairs: 0, effort: Math.min(effort, Number.MAX_SAFE_INTEGER) }
    return this.#schedule.admit(call, size, (turns) => work({ loaded, turns }))
  }

  async warmup(): Promise<void> {
    const loaded = await this.#loaded.get()
    const call = { ...nobody(), stats: {} }
    // The first run allocates what later ones reuse.
    await this.#schedule.admit(call, { pairs: 0, effort: 1 }, (turns) =>
      this.#encodeInTurn(({ encoder }) => encoder.encodeQuery('warm up'), { loaded, turns }),
    )
  }

  async close(): Promise<void> {
    this.#schedule.close(closedWhileScoring())
    await this.#loaded.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** How well a text answers; one whose vectors are kept takes a turn as well, for comparing takes time too. */
  async #match(asked: TokenVectors, text: string, work: Encoding & { call: Call }): Promise<Match> {
    const stored = await work.loaded.store?.find(text, work.call)
    if (stored !== undefined) count(work.call, 'storedTexts', 1)
    const compare = (vectors: DocumentVectors): Match => {
      return { score: maxSim(asked, unpackVectors(vectors)), truncated: vectors.truncated }
    }
    if (stored === undefined) return compare(await this.#encode(text, work))
    return work.turns.turn(1, async () => compare(stored))
  }

  #checkPrecision({ precision }: DocumentVectors): void {
    if (precision === this.#precision) return
    const fix = precision === 'packed' ? 'use the cross-encoder that made them' : `pass precision: '${precision}'`
    const seen = `the store holds '${precision}' vectors; encode the documents again, or ${fix}`
    throw invalidArgument('precision', this.#precision, seen)
  }

  async #encode(text: string, work: Encoding): Promise<DocumentVectors> {
    const { encoded, vectors } = await this.#encodeInTurn(({ encoder }) => encoder.encodeDocument(text), work)
    return packVectors(vectors, { precision: this.#precision, truncated: encoded.truncated })
  }

  async #encodeInTurn(
    tokens: (loaded: Loaded) => Promise<EncodedText>,
    { loaded, turns, call }: Encoding,
  ): Promise<{ encoded: EncodedText; vectors: TokenVectors }> {
    return turns.turn(1, async () => {
      const encoded = await tokens(loaded)
      const vectors = await aloneInThread(() => loaded.session.run(encoded))
      if (call !== undefined) count(call, 'runs', 1)
      if (call !== undefined) count(call, 'tokens', encoded.ids.length)
      return { encoded, vectors }
    })
  }

  async #open(signal: AbortSignal): Promise<Loaded> {
    const folder = await this.#source.ensure(signal)
    const { path, graphPath } = folder
    const { tokenizer, tokenizerConfig } = await readTokenizerFiles(folder)
    const read = readColbertSettings(path)
    const { maxLength = Infinity, queryTruncationSide = 'right' } = this.#options
    const settings = { ...read, documentLength: Math.min(maxLength, read.documentLength), queryTruncationSide }
    const markers = [settings.queryPrefix, settings.documentPrefix]
    const { splitSpecialTokens } = this.#options
    const texts = await createColbertTextEncoder(tokenizer, { markers, splitSpecialTokens })
    const encoder = createColbertEncoder({ tokenizer, tokenizerConfig, encoder: texts, settings })
    const { threads, providers } = this.#options
    const session = await openVectorSession({ graphPath, threads, providers })
    this.#opened = session.opened
    const { store } = this.#options
    try {
      const check = (vectors: DocumentVectors): void => this.#checkPrecision(vectors)
      const opened = store === undefined ? undefined : await OpenStore.open(store, this.documentsId, check)
      return { encoder, session, store: opened }
    } catch (error) {
      await session.release()
      throw error
    }
  }
}
