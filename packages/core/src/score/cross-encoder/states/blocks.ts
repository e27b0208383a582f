/** Bytes of a block: short passages waste little of their last one, and a passage of 128 tokens has a dozen. */
const BLOCK_BYTES = 4096
/** Blocks that are taken from the system at a time, 1 MiB. */
const CHUNK_BLOCKS = 256

const CHUNK_BYTES = CHUNK_BLOCKS * BLOCK_BYTES

/**
 * Memory in blocks of one size, which threads share: what is kept in it lies in any blocks, in order, so that it never
 * has to be moved to make room. It grows by a chunk at a time and never beyond its bound; whoever hands out the blocks
 * sees to it that nobody writes what another reads.
 */
export class Blocks {
  readonly #chunks: Uint8Array[] = []

  /** The memory itself, to be handed to other threads. */
  get chunks(): readonly SharedArrayBuffer[] {
    return this.#chunks.map(({ buffer }) => buffer as SharedArrayBuffer)
  }

  /** Takes a chunk from the system, or what another thread has taken. Its blocks count on from those that are there. */
  grow(chunk: SharedArrayBuffer = new SharedArrayBuffer(CHUNK_BYTES)): void {
    this.#chunks.push(new Uint8Array(chunk))
  }

  /** How many blocks there are. */
  get length(): number {
    return this.#chunks.length * CHUNK_BLOCKS
  }

  write(blocks: readonly number[], bytes: Uint8Array): void {
    for (const [place, block] of blocks.entries()) {
      this.#block(block).set(bytes.subarray(place * BLOCK_BYTES, (place + 1) * BLOCK_BYTES))
    }
  }

  /** Fills `into` with what was written. */
  read(blocks: readonly number[], into: Uint8Array): void {
    for (const [place, block] of blocks.entries()) {
      const start = place * BLOCK_BYTES
      into.set(this.#block(block).subarray(0, Math.min(BLOCK_BYTES, into.length - start)), start)
    }
  }

  #block(block: number): Uint8Array {
    const start = (block % CHUNK_BLOCKS) * BLOCK_BYTES
    return (this.#chunks[Math.floor(block / CHUNK_BLOCKS)] as Uint8Array).subarray(start, start + BLOCK_BYTES)
  }

  static blocksFor(bytes: number): number {
    return Math.ceil(bytes / BLOCK_BYTES)
  }

  static chunksFor(mebibytes: number): number {
    return Math.floor((mebibytes * 2 ** 20) / CHUNK_BYTES)
  }
}
