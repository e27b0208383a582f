import { Blocks } from './blocks.js'

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
 * text that is cut off elsewhere is another passage. Holds `mebibytes` at most and takes no more than it needs.
 */
export class PassageCache {
  readonly blocks: Blocks = new Blocks()
  /** The one that was used longest ago comes first. */
  readonly #entries = new Map<string, Entry>()
  readonly #free: number[] = []
  #mostChunks: number

  /** @param mebibytes 1 or more */
  constructor(mebibytes: number) {
    this.#mostChunks = Blocks.chunksFor(mebibytes)
  }

  /** How many passages are known. */
  get size(): number {
    return this.#entries.size
  }

  /** Raises the bound; it is never lowered while the cache is in use. */
  raise(mebibytes: number): void {
    this.#mostChunks = Math.max(this.#mostChunks, Blocks.chunksFor(mebibytes))
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
      return this.#use(key, found)
    }
    const blocks = this.#take(Blocks.blocksFor(bytes))
    if (blocks === undefined) return undefined
    const entry = { blocks, users: 0, isWritten: false }
    this.#entries.set(key, entry)
    return this.#use(key, entry)
  }

  #use(key: string, entry: Entry): Lease {
    entry.users += 1
    return {
      blocks: entry.blocks,
      known: entry.isWritten,
      release: (written) => {
        entry.users -= 1
        if (written) entry.isWritten = true
        else if (!entry.isWritten) this.#drop(key, entry)
      },
    }
  }

  /** Blocks that nobody uses, from the system first and then from those passages that were used longest ago. */
  #take(count: number): readonly number[] | undefined {
    while (this.#free.length < count && this.blocks.length < Blocks.chunksFor(1) * this.#mostChunks * blocksOfChunk) {
      const first = this.blocks.length
      this.blocks.grow()
      for (let block = this.blocks.length - 1; block >= first; block--) this.#free.push(block)
    }
    if (this.#free.length < count) {
      for (const [key, entry] of this.#entries) {
        if (entry.users === 0) this.#drop(key, entry)
        if (this.#free.length >= count) break
      }
    }
    return this.#free.length < count ? undefined : this.#free.splice(-count)
  }

  #drop(key: string, { blocks }: Entry): void {
    this.#entries.delete(key)
    this.#free.push(...blocks)
  }
}
