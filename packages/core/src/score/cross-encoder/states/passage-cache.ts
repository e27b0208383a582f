import type { EncodedPair } from '../pairs.js'
import { Blocks } from './blocks.js'
import { passageBytes, passageOf } from './state-reader.js'

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

  /**
   * A place for a passage's states, with the states in it where the passage is known. Nothing when another run is about
   * to write them, or when there is no room that nobody uses: the passage is then read as if there were no cache.
   *
   * @param bytes how many its states are
   */
  lease(ids: Int32Array, bytes: number): Lease | undefined {
    const key = keyOf(ids)
    const found = this.#entries.get(key)
    if (found !== undefined) {
      if (!found.isWritten) return undefined
      this.#entries.delete(key)
      this.#entries.set(key, found)
      return use(found)
    }
    const blocks = this.#take(Blocks.countFor(bytes))
    if (blocks === undefined) return undefined
    const entry = { blocks, users: 0, isWritten: false }
    this.#entries.set(key, entry)
    return use(entry, () => this.#drop(key, entry))
  }

  /** Blocks that nobody uses: new ones while the bound allows it, then those of the passages used longest ago. */
  #take(count: number): readonly number[] | undefined {
    if (count > this.#mostBlocks) return undefined
    while (this.#free.length < count && this.blocks.length < this.#mostBlocks) this.#free.push(...this.blocks.grow())
    for (const [key, entry] of this.#entries) {
      if (this.#free.length >= count) break
      if (entry.users === 0) this.#drop(key, entry)
    }
    return this.#free.length < count ? undefined : this.#free.splice(-count)
  }

  #drop(key: string, { blocks }: Entry): void {
    this.#entries.delete(key)
    this.#free.push(...blocks)
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

/** A place for the passage of a pair; nothing without a cache, or for a graph without states. */
export function leaseFor(
  { ids, secondSegmentStart }: EncodedPair,
  cache: PassageCache | undefined,
  passageWidth: number | undefined,
): Lease | undefined {
  if (cache === undefined || passageWidth === undefined) return undefined
  const passage = passageOf(ids, secondSegmentStart)
  return cache.lease(passage, passageBytes(passage, passageWidth))
}

/** Ids of a passage as a string, two characters an id where one is too few: equal for equal ids and no others. */
function keyOf(ids: Int32Array): string {
  const halves = new Uint16Array(ids.buffer, ids.byteOffset, ids.length * 2)
  let key = ''
  for (let start = 0; start < halves.length; start += KEY_STEP) {
    key += String.fromCharCode(...halves.subarray(start, start + KEY_STEP))
  }
  return key
}

/** As many arguments as any stack holds. */
const KEY_STEP = 4096

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
