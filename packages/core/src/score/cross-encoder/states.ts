import { invalidArgument, RerankError } from '../../base/errors.js'
import type { DocumentVectors } from '../documents/vectors.js'
import type { EncodedPair } from './pairs.js'

/*
 * A model of ours reads query and passage apart before it reads them together. What it made of a passage does not depend
 * on the query, and is kept here: read by `StateReader`, found by `PassageCache`, in memory that threads share.
 */

/**
 * A graph that reads the texts of a pair apart before it reads them together, one step at a time. What it made of a passage
 * comes rounded, so a score is the same to the bit whether that is new or was kept.
 */
export interface StateGraph {
  /** Bytes of a row of what it made of a passage. */
  readonly passageWidth: number
  encodeQuery(ids: Int32Array): Promise<Float32Array>
  encodePassage(ids: Int32Array): Promise<Uint8Array>
  /** The logit of a pair from what was made of both texts. */
  join(ids: Int32Array, secondSegmentStart: number, known: KnownTexts): Promise<number>
}

/** How long the rows are that a graph of ours makes of the tokens of a query and of a passage. */
export interface StateWidths {
  /** In floats. */
  readonly query: number
  /** In bytes. */
  readonly passage: number
}

/** What a graph made of the texts of a pair. */
export interface KnownTexts {
  readonly query: Float32Array
  readonly passage: Uint8Array
}

/** Where the states of a passage are kept. */
export interface Place {
  readonly blocks: readonly number[]
  /** Whether they are there; else they are written there once the passage was read. */
  readonly known: boolean
}

/** Queries that are remembered: as many calls as take turns without reading their query again for each passage. */
const QUERIES = 16

/** Scores pairs with a {@link StateGraph}: a query is read once, a passage only when it is not kept. */
export class StateReader {
  readonly #graph: StateGraph
  readonly #blocks: Blocks
  readonly #queries: { readonly ids: Int32Array; readonly states: Float32Array }[] = []

  constructor(graph: StateGraph, blocks: Blocks) {
    this.#graph = graph
    this.#blocks = blocks
  }

  /** The logit of a pair. @param place of the passage; without one it is read and not kept */
  async score(pair: TwoTexts & Pick<EncodedPair, 'states'>, place?: Place): Promise<number> {
    const { ids, secondSegmentStart, states } = pair
    const query = await this.#readQuery(ids.subarray(0, secondSegmentStart))
    const passage = states ?? (await this.#readPassage(passageOf(pair), place))
    return this.#graph.join(ids, secondSegmentStart, { query, passage })
  }

  /** What the model makes of the second text of a pair. */
  encodeText(pair: TwoTexts): Promise<Uint8Array> {
    return this.#graph.encodePassage(passageOf(pair))
  }

  async #readPassage(ids: Int32Array, place: Place | undefined): Promise<Uint8Array> {
    if (place?.known !== true) {
      const states = await this.#graph.encodePassage(ids)
      if (place !== undefined) this.#blocks.write(place.blocks, states)
      return states
    }
    const states = new Uint8Array(passageBytes(ids, this.#graph.passageWidth))
    this.#blocks.read(place.blocks, states)
    return states
  }

  async #readQuery(ids: Int32Array): Promise<Float32Array> {
    const known = this.#queries.find((query) => isEqual(query.ids, ids))
    if (known !== undefined) return known.states
    const states = await this.#graph.encodeQuery(ids)
    this.#queries.unshift({ ids: ids.slice(), states })
    this.#queries.splice(QUERIES)
    return states
  }
}

/** A passage has as many rows more than tokens: what rounding took from its first token and its last. */
const EXTRA_ROWS = 2

/** How many rows are kept of a passage of so many words' tokens, which stand between [CLS] and [SEP]. */
export function passageRows(tokens: number): number {
  return tokens + 2 + EXTRA_ROWS
}

/** How many bytes are kept of a passage. */
function passageBytes({ length }: Int32Array, passageWidth: number): number {
  return passageRows(length - 2) * passageWidth
}

type TwoTexts = Pick<EncodedPair, 'ids' | 'secondSegmentStart'>

/** The passage of a pair as it is read by itself: with the first token of the query, [CLS], in front. */
function passageOf({ ids, secondSegmentStart }: TwoTexts): Int32Array {
  const passage = ids.slice(secondSegmentStart - 1)
  passage[0] = ids[0] as number
  return passage
}

function isEqual(one: Int32Array, other: Int32Array): boolean {
  return one.length === other.length && one.every((id, at) => id === other[at])
}

/** Short passages waste little of their last block, and a passage of 128 tokens has eight. */
const BLOCK_BYTES = 4096
/** Blocks that are taken from the system at a time: 1 MiB. */
const CHUNK_BLOCKS = 256

/**
 * Memory in blocks of one size, which threads share: what is kept in it lies in any blocks, in order, so that nothing has
 * to be moved to make room. Whoever hands out the blocks sees to it that nobody writes what another reads.
 */
export class Blocks {
  readonly #chunks: Uint8Array[] = []

  /** The memory itself, for other threads. */
  get chunks(): readonly SharedArrayBuffer[] {
    return this.#chunks.map(({ buffer }) => buffer as SharedArrayBuffer)
  }

  /** How many blocks there are. */
  get length(): number {
    return this.#chunks.length * CHUNK_BLOCKS
  }

  /** Takes a chunk from the system, or one that another thread took, and gives the numbers of its blocks. */
  grow(chunk: SharedArrayBuffer = new SharedArrayBuffer(CHUNK_BLOCKS * BLOCK_BYTES)): readonly number[] {
    const first = this.length
    this.#chunks.push(new Uint8Array(chunk))
    return Array.from({ length: CHUNK_BLOCKS }, (_, block) => first + block)
  }

  write(blocks: readonly number[], bytes: Uint8Array): void {
    for (const [place, block] of blocks.entries()) {
      this.#at(block).set(bytes.subarray(place * BLOCK_BYTES, (place + 1) * BLOCK_BYTES))
    }
  }

  /** Fills `into` with what was written. */
  read(blocks: readonly number[], into: Uint8Array): void {
    for (const [place, block] of blocks.entries()) {
      const start = place * BLOCK_BYTES
      into.set(this.#at(block).subarray(0, into.length - start), start)
    }
  }

  #at(block: number): Uint8Array {
    const start = (block % CHUNK_BLOCKS) * BLOCK_BYTES
    return (this.#chunks[Math.floor(block / CHUNK_BLOCKS)] as Uint8Array).subarray(start, start + BLOCK_BYTES)
  }

  /** How many blocks so many bytes take. */
  static countFor(bytes: number): number {
    return Math.ceil(bytes / BLOCK_BYTES)
  }

  /** How many blocks there may be in so much memory, in whole chunks. */
  static within(mebibytes: number): number {
    return Math.floor((mebibytes * 2 ** 20) / (CHUNK_BLOCKS * BLOCK_BYTES)) * CHUNK_BLOCKS
  }
}

/** A place in the cache while a run reads or writes it. Nothing else is put there until it is released. */
export interface Lease {
  /** Where the states lie, or are to be written. */
  readonly blocks: readonly number[]
  /** Whether the states are there already; else the run is to write them. */
  readonly known: boolean
  /**
   * To be called once, after the run.
   *
   * @param written whether the states are there now
   */
  release(written: boolean): void
}

interface Entry {
  readonly blocks: readonly number[]
  /** The text that it was last, as it was written. */
  text?: string | undefined
  /** Runs that use it. */
  users: number
  isWritten: boolean
}

/**
 * What the layers that read a passage by itself made of it, for the passages that were read last: by token ids, so that a
 * text that is cut off elsewhere is another passage. Takes no more memory than it needs, and never more than its bound.
 */
export class PassageCache {
  readonly blocks: Blocks = new Blocks()
  /** The one that was used longest ago comes first. */
  readonly #entries = new Map<string, Entry>()
  readonly #texts = new Map<string, Entry>()
  readonly #free: number[] = []
  #mostBlocks = 0

  /** How many passages are known, or about to be. */
  get size(): number {
    return this.#entries.size
  }

  /** Sets the bound to this, unless it is higher already: whoever shares the cache gets at least what it asked for. */
  allow(mebibytes: number): void {
    this.#mostBlocks = Math.max(this.#mostBlocks, Blocks.within(mebibytes))
  }

  /** Whether a text is known, without its tokens: for an estimate of what reading it will take. */
  knows(text: string): boolean {
    return this.#texts.size > 0 && this.#texts.get(text)?.isWritten === true
  }

  /**
   * A place for a passage's states, with the states in it where the passage is known. Nothing when another run is about
   * to write them, or when there is no room that nobody uses: the passage is then read as if there were no cache.
   *
   * @param bytes how many its states are
   * @param text what the passage was made of, for {@link knows}
   */
  lease(ids: Int32Array, bytes: number, text?: string): Lease | undefined {
    const key = keyOf(ids)
    const found = this.#entries.get(key)
    if (found !== undefined) {
      if (!found.isWritten) return undefined
      this.#entries.delete(key)
      this.#entries.set(key, found)
      this.#name(found, text)
      return use(found)
    }
    const blocks = this.#take(Blocks.countFor(bytes))
    if (blocks === undefined) return undefined
    const entry: Entry = { blocks, users: 0, isWritten: false }
    this.#entries.set(key, entry)
    this.#name(entry, text)
    return use(entry, () => this.#drop(key, entry))
  }

  /** Blocks that nobody uses: new ones while the bound allows it, then those of the passages used longest ago. */
  #take(count: number): readonly number[] | undefined {
    if (count > this.#mostBlocks) return undefined
    while (this.#free.length < count && this.blocks.length < this.#mostBlocks) this.#giveBack(this.blocks.grow())
    for (const [key, entry] of this.#entries) {
      if (this.#free.length >= count) break
      if (entry.users === 0) this.#drop(key, entry)
    }
    return this.#free.length < count ? undefined : this.#free.splice(-count)
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key)
    this.#name(entry, undefined)
    this.#giveBack(entry.blocks)
  }

  #name(entry: Entry, text: string | undefined): void {
    if (entry.text !== undefined && this.#texts.get(entry.text) === entry) this.#texts.delete(entry.text)
    entry.text = text
    if (text !== undefined) this.#texts.set(text, entry)
  }

  #giveBack(blocks: readonly number[]): void {
    for (const block of blocks) this.#free.push(block)
  }
}

function use(entry: Entry, dropUnwritten?: () => void): Lease {
  entry.users += 1
  return {
    blocks: entry.blocks,
    known: entry.isWritten,
    release(written) {
      entry.users -= 1
      if (written) entry.isWritten = true
      else dropUnwritten?.()
    },
  }
}

/** A place for the passage of a pair; nothing without a cache, for a graph without states, or where they are at hand. */
export function leaseFor(
  pair: EncodedPair,
  cache: PassageCache | undefined,
  passageWidth: number | undefined,
): Lease | undefined {
  if (cache === undefined || passageWidth === undefined || pair.states !== undefined) return undefined
  const passage = passageOf(pair)
  return cache.lease(passage, passageBytes(passage, passageWidth), pair.text)
}

/** Ids of a passage as a string: equal for equal ids and no others. */
function keyOf({ buffer, byteOffset, byteLength }: Int32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
}

/** A cache that others use as well. */
export interface SharedCache {
  readonly cache: PassageCache
  /** To be called once, when nothing more is put in. */
  close(): void
}

const caches = new Map<string, { readonly cache: PassageCache; users: number }>()

/**
 * The cache of everybody in this thread who computes the same states; it goes when the last has closed it.
 *
 * @param states names the weights and what else the states depend on
 */
export function shareCache(states: string, mebibytes: number): SharedCache {
  const shared = caches.get(states) ?? { cache: new PassageCache(), users: 0 }
  caches.set(states, shared)
  shared.cache.allow(mebibytes)
  shared.users += 1
  return {
    cache: shared.cache,
    close() {
      shared.users -= 1
      if (shared.users === 0) caches.delete(states)
    },
  }
}

/** What is kept of a passage by its token ids and states; a note of nothing for one that did not fit. */
export function statesToKeep(
  ids: readonly number[] | Int32Array | undefined,
  data: Uint8Array = new Uint8Array(),
): DocumentVectors {
  const packed = { precision: 'packed', ids: Int32Array.from(ids ?? []), truncated: ids === undefined, data } as const
  if (ids === undefined) return { ...packed, rows: 0, dimensions: 0 }
  const rows = passageRows(ids.length)
  return { ...packed, rows, dimensions: data.length / rows }
}

/** Refuses of a passage what a model with rows of `passageWidth` bytes cannot have made. */
export function checkStates({ precision, rows, dimensions, ids }: DocumentVectors, passageWidth: number): void {
  const isOurs =
    precision === 'packed' && (rows === 0 || (dimensions === passageWidth && rows === passageRows(ids?.length ?? 0)))
  if (isOurs) return
  const seen = `${rows} rows of ${dimensions} '${precision}' numbers`
  throw invalidArgument('store.get(text)', seen, 'another model made them; encode the documents again with this one')
}

/** The error for passages that a model is to read ahead, and keeps nothing of. */
export function readsTogether(id: string): RerankError {
  const fix = 'use the bundled model, or a late-interaction model with colbert()'
  const seen = `${id} reads query and passage together, so nothing of a passage can be encoded ahead of time`
  return new RerankError('invalid-argument', `${seen}: ${fix}.`)
}
