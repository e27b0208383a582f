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
