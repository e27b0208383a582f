import { existsSync } from 'node:fs'
import { count } from '../../base/call.js'
import { type Check, must } from '../../base/check.js'
import { Pacer, systemClock, waitFor } from '../../base/clock.js'
import { invalidArgument, RerankError } from '../../base/errors.js'
import type { Call } from '../../types.js'
import { DocumentFile, DocumentFileWriter } from './file.js'
import { type Key, keyOf } from './format.js'
import { type DocumentVectors, isDocumentVectors } from './vectors.js'

/** Keeps what a model made of documents, by their text. A `Map` fits as it is. */
export interface DocumentStore {
  get(text: string): DocumentVectors | undefined | Promise<DocumentVectors | undefined>
  set(text: string, vectors: DocumentVectors): unknown
}

/** What the option `store` takes. */
export const storeOption: Check<DocumentStore | string> = must((store) => {
  if (typeof store === 'string') return store !== ''
  const { get, set } = (store ?? {}) as Partial<DocumentStore>
  return typeof get === 'function' && typeof set === 'function'
}, 'pass a Map, an object with get(text) and set(text, vectors), or the path of a file that encodeDocumentsToFile wrote')

/** A store that takes longer is of no use: encoding a document takes a few milliseconds. */
const STORE_READ_TIMEOUT_MS = 1000

/** A store as a scorer uses it: a document of another model is refused, one that does not come in time is encoded anew. */
export class OpenStore {
  readonly #store: Pick<DocumentStore, 'get'> & Partial<Pick<DocumentStore, 'set'>>
  readonly #file: DocumentFile | undefined
  readonly #check: (vectors: DocumentVectors) => void

  private constructor(store: DocumentStore | DocumentFile, check: (vectors: DocumentVectors) => void) {
    this.#store = store
    this.#file = store instanceof DocumentFile ? store : undefined
    this.#check = check
  }

  /**
   * @param documentsId names the model and all that the numbers depend on
   * @param check throws for a document that another model made, where that shows
   * @throws RerankError `'invalid-argument'` for a file that is none of documents, or of another model.
   */
  static async open(
    store: DocumentStore | string,
    documentsId: string,
    check: (vectors: DocumentVectors) => void,
  ): Promise<OpenStore> {
    if (typeof store !== 'string') return new OpenStore(store, check)
    const file = await DocumentFile.open(store)
    const { madeBy } = file
    if (madeBy === documentsId) return new OpenStore(file, check)
    await file.close()
    const seen = `its documents were encoded by ${madeBy}, and ${documentsId} is to use them`
    throw invalidArgument('store', store, `${seen}; encode them again`)
  }

  /** Whether a text is there, for an estimate; `false` where only asking for it would tell. */
  has(text: string): boolean {
    return this.#file?.has(text) === true
  }

  /** @throws RerankError `'invalid-argument'` when the store holds something else, or what another model made. */
  async get(text: string): Promise<DocumentVectors | undefined> {
    const stored = await this.#store.get(text)
    if (stored === undefined) return undefined
    if (!isDocumentVectors(stored)) {
      const fix = 'fill it with encodeDocuments, or with what readDocuments has read'
      throw invalidArgument('store.get(text)', stored, fix)
    }
    this.#check(stored)
    return stored
  }

  /** The same for a call, which does not wait long; nothing when the store fails or is slow, and the report counts it. */
  async find(text: string, call: Call): Promise<DocumentVectors | undefined> {
    try {
      return await waitFor(() => this.get(text), {
        signal: call.signal,
        clock: systemClock,
        deadline: systemClock.now() + STORE_READ_TIMEOUT_MS,
        deadlineError: () => new Error('The store did not answer in time.'),
      })
    } catch (error) {
      call.signal.throwIfAborted()
      // A record that is damaged is read as a store that fails: its document is encoded anew.
      if (RerankError.is(error) && error.code === 'invalid-argument') throw error
      count(call, 'storeErrors', 1)
      return undefined
    }
  }

  async set(text: string, vectors: DocumentVectors): Promise<void> {
    await this.#store.set?.(text, vectors)
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }
}

/** Options of `encodeDocuments`. */
export interface EncodeDocumentsOptions {
  /** Aborting rejects with the signal's reason; what was encoded until then is in the store. */
  readonly signal?: AbortSignal | undefined
  /** Called after each document with how many are done, and of how many. */
  readonly onProgress?: ((done: number, all: number) => void) | undefined
}

/** Options of `encodeDocumentsToFile`. */
export interface EncodeToFileOptions {
  /** Aborting rejects with the signal's reason; the next call for the same path goes on from there. */
  readonly signal?: AbortSignal | undefined
  /** Called after each text with how many are done. */
  readonly onProgress?: ((done: number) => void) | undefined
}

/** What `encodeDocumentsToFile` did. */
export interface EncodedFile {
  /** Different texts in the file. */
  readonly documents: number
  /** How many of them this call encoded; the others an earlier one did. */
  readonly encoded: number
  /** How many of the encoded were too long to be kept: they are read in every call, as if they were not there. */
  readonly tooLong: number
  /** Size of the file. */
  readonly bytes: number
}

/** Scorers that encode documents ahead of time. */
export interface EncodesDocuments {
  /**
   * Names the model and all else that its documents depend on: what a file of documents is made for, and whose it must be to
   * be read. Final once the model is loaded.
   */
  readonly documentsId: string
  /**
   * Encodes documents ahead of time, and puts those that the store does not hold yet into it. One result per text, in
   * order. A store that is a file is only read.
   *
   * @throws the signal's reason when it aborts; what was encoded until then is in the store.
   */
  encodeDocuments(texts: readonly string[], options?: EncodeDocumentsOptions): Promise<DocumentVectors[]>
  /**
   * Encodes documents into a file, which scorers take as their `store`. Texts come one after the other, and no more of them
   * is in memory than is being encoded. Each text is encoded once. Of a file that stands there already, what the same model
   * encoded is taken over, and what is not among the texts any more is left out.
   *
   * The file is there when it is whole, and until then what stood there before: it is written as `<path>.part`, which the next
   * call continues, however this one ended. One process may write a path at a time.
   *
   * @throws the signal's reason when it aborts; RerankError `'invalid-argument'` when the path cannot be written, or
   * something else stands there.
   */
  encodeDocumentsToFile(
    texts: Iterable<string> | AsyncIterable<string>,
    path: string,
    options?: EncodeToFileOptions,
  ): Promise<EncodedFile>
}

/** What encoding takes. */
export interface Encoder {
  /** Runs when it is their turn. */
  encode(text: string): Promise<DocumentVectors>
  readonly store?: OpenStore | undefined
}

/** See {@link EncodesDocuments.encodeDocuments}. */
export async function encodeAll(
  texts: readonly string[],
  { encode, store }: Encoder,
  { signal, onProgress }: EncodeDocumentsOptions,
): Promise<DocumentVectors[]> {
  const encoded: DocumentVectors[] = []
  const pacer = new Pacer(() => signal?.throwIfAborted())
  for (const text of texts as readonly unknown[]) {
    signal?.throwIfAborted()
    if (typeof text !== 'string') throw invalidArgument(`texts[${encoded.length}]`, text, 'pass strings')
    const known = await store?.get(text)
    const vectors = known ?? (await encode(text))
    if (known === undefined) await store?.set(text, vectors)
    encoded.push(vectors)
    onProgress?.(encoded.length, texts.length)
    // A store that has the text answers at once, and nobody else would have a turn.
    await pacer.spend(text.length)
  }
  return encoded
}

/** @throws RerankError `'invalid-argument'`. */
export function checkDocumentTexts(texts: unknown): void {
  if (!Array.isArray(texts)) throw invalidArgument('texts', texts, 'pass an array of strings')
}

/** @throws RerankError `'invalid-argument'`. */
export function checkFileArguments(texts: unknown, path: unknown): void {
  const isList =
    typeof texts === 'object' && texts !== null && (Symbol.asyncIterator in texts || Symbol.iterator in texts)
  if (!isList) throw invalidArgument('texts', texts, 'pass strings one after the other, for example an array')
  if (typeof path !== 'string' || path === '') throw invalidArgument('path', path, 'pass the path of a file')
}

/** A document that is being encoded. */
interface UnderWay {
  readonly key: Key
  readonly text: string
  readonly vectors: Promise<DocumentVectors>
}

/** Where documents are encoded, and under which name. */
export interface FileEncoder extends Pick<Encoder, 'encode'> {
  readonly documentsId: string
  /** Documents under way at a time. */
  readonly places: number
}

/** See {@link EncodesDocuments.encodeDocumentsToFile}. */
export async function encodeInto(
  { texts, path }: { readonly texts: Iterable<string> | AsyncIterable<string>; readonly path: string },
  encoder: FileEncoder,
  options: EncodeToFileOptions,
): Promise<EncodedFile> {
  options.signal?.throwIfAborted()
  const before = await earlierFile(path, encoder.documentsId)
  try {
    const writer = await DocumentFileWriter.open(path, encoder.documentsId)
    try {
      return await new FileEncoding({ writer, before }, encoder, options).through(texts)
    } finally {
      await writer.close()
    }
  } finally {
    await before?.close()
  }
}

/** One run over the texts of a file: they are written in their order, however many are under way. */
class FileEncoding {
  readonly #writer: DocumentFileWriter
  readonly #before: DocumentFile | undefined
  readonly #encoder: FileEncoder
  readonly #options: EncodeToFileOptions
  readonly #underWay: UnderWay[] = []
  #done = 0
  #encoded = 0
  #tooLong = 0

  constructor(
    { writer, before }: { readonly writer: DocumentFileWriter; readonly before: DocumentFile | undefined },
    encoder: FileEncoder,
    options: EncodeToFileOptions,
  ) {
    this.#writer = writer
    this.#before = before
    this.#encoder = encoder
    this.#options = options
  }

  async through(texts: Iterable<string> | AsyncIterable<string>): Promise<EncodedFile> {
    const { signal } = this.#options
    const pacer = new Pacer(() => signal?.throwIfAborted())
    try {
      for await (const text of texts as AsyncIterable<unknown>) {
        signal?.throwIfAborted()
        if (typeof text !== 'string') {
          throw invalidArgument(`texts[${this.#done + this.#underWay.length}]`, text, 'pass strings')
        }
        await this.#take(text)
        await pacer.spend(text.length)
      }
      await this.#writeDownTo(0)
    } finally {
      await Promise.allSettled(this.#underWay.map(({ vectors }) => vectors))
    }
    const { documents } = this.#writer
    await this.#writer.finish()
    return { documents, encoded: this.#encoded, tooLong: this.#tooLong, bytes: this.#writer.bytes }
  }

  async #take(text: string): Promise<void> {
    const key = keyOf(text)
    if (this.#writer.has(key) || this.#underWay.some((other) => other.text === text)) return this.#tell()
    const record = await this.#before?.recordOf(key)
    if (record !== undefined) {
      await this.#writeDownTo(0)
      await this.#writer.addRecord(key, record)
      return this.#tell()
    }
    const vectors = this.#encoder.encode(text)
    // Whoever writes it hears of it; nobody may, when an earlier one fails.
    vectors.catch(() => {})
    this.#underWay.push({ key, text, vectors })
    await this.#writeDownTo(this.#encoder.places - 1)
  }

  /** Writes the oldest until no more than so many are under way. */
  async #writeDownTo(most: number): Promise<void> {
    while (this.#underWay.length > most) {
      const { key, text, vectors } = this.#underWay.shift() as UnderWay
      const made = await vectors
      await this.#writer.add(key, text, made)
      this.#encoded += 1
      if (made.rows === 0 && made.precision === 'packed') this.#tooLong += 1
      this.#tell()
    }
  }

  #tell(): void {
    this.#done += 1
    this.#options.onProgress?.(this.#done)
  }
}

/** The file that stands there, as far as it can be taken over; one of another model is replaced when the new one is whole. */
async function earlierFile(path: string, documentsId: string): Promise<DocumentFile | undefined> {
  if (!existsSync(path)) return undefined
  const file = await DocumentFile.open(path).catch((cause: unknown) => {
    const what = `something else stands there than a whole file of documents (${(cause as Error).message})`
    throw invalidArgument('path', path, `${what}; name another`)
  })
  if (file.madeBy === documentsId) return file
  await file.close()
  return undefined
}
