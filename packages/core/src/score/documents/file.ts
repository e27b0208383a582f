import { close, constants, fstat, fsync, ftruncate, open, read, write } from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { invalidArgument, RerankError } from '../../base/errors.js'
import {
  END_BYTES,
  endOf,
  FIRST_BYTES,
  HEADER_BYTES,
  headOf,
  indexStart,
  type Key,
  keyOf,
  MAGIC_BYTES,
  nameLength,
  type Place,
  readBody,
  readHeader,
  readPlaces,
  recordOf,
} from './format.js'
import { type DocumentVectors } from './vectors.js'

const files = {
  open: promisify(open),
  close: promisify(close),
  stat: promisify(fstat),
  sync: promisify(fsync),
  cut: promisify(ftruncate),
}

/**
 * Where the records of a file lie, by the keys of their texts: typed arrays, 40 bytes a document at most, since an object
 * for each of a million documents would take more memory than the model.
 */
class Places {
  #keys = new Uint32Array(2 * 1024)
  /** 0 where a slot is free; no record begins there. */
  #starts = new Float64Array(1024)
  #sizes = new Uint32Array(1024)
  length = 0

  get(key: Key): Place | undefined {
    const slot = this.#slotOf(key)
    const at = this.#starts[slot] as number
    return at === 0 ? undefined : { key, at, bytes: this.#sizes[slot] as number }
  }

  /** A key that is there keeps its place. */
  add(place: Place): void {
    if (this.length * 2 >= this.#starts.length) this.#grow()
    const slot = this.#slotOf(place.key)
    if (this.#starts[slot] !== 0) return
    this.#keys[2 * slot] = place.key.high
    this.#keys[2 * slot + 1] = place.key.low
    this.#starts[slot] = place.at
    this.#sizes[slot] = place.bytes
    this.length += 1
  }

  /** All of them, as they lie in the file. */
  inOrder(): Place[] {
    return [...this.#all()].sort((one, other) => one.at - other.at)
  }

  *#all(): Generator<Place> {
    for (const [slot, at] of this.#starts.entries()) {
      if (at === 0) continue
      const key = { high: this.#keys[2 * slot] as number, low: this.#keys[2 * slot + 1] as number }
      yield { key, at, bytes: this.#sizes[slot] as number }
    }
  }

  #slotOf({ high, low }: Key): number {
    const mask = this.#starts.length - 1
    let slot = high & mask
    while (this.#starts[slot] !== 0 && (this.#keys[2 * slot] !== high || this.#keys[2 * slot + 1] !== low)) {
      slot = (slot + 1) & mask
    }
    return slot
  }

  #grow(): void {
    const places = [...this.#all()]
    const slots = 2 * this.#starts.length
    this.#keys = new Uint32Array(2 * slots)
    this.#starts = new Float64Array(slots)
    this.#sizes = new Uint32Array(slots)
    this.length = 0
    for (const place of places) this.add(place)
  }
}

/** A finished file of documents, open to be read: its index is in memory, a document is read when it is asked for. */
export class DocumentFile {
  readonly #fd: number
  readonly #places: Places
  readonly madeBy: string

  private constructor(fd: number, madeBy: string, places: Places) {
    this.#fd = fd
    this.madeBy = madeBy
    this.#places = places
  }

  /**
   * @throws RerankError `'invalid-argument'` when there is no such file, when it is something else, was not finished, or may
   * not be read.
   */
  static async open(path: string): Promise<DocumentFile> {
    const fd = await files.open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
      throw invalidArgument('store', path, `${reasonOf(cause)}; encodeDocumentsToFile writes such files`)
    })
    try {
      const head = await readHead(fd)
      if (head === undefined) throw invalidArgument('store', path, 'it is no file of documents; name another')
      const { size } = await files.stat(fd)
      const at = indexStart(await readAt(fd, Math.max(0, size - END_BYTES), END_BYTES))
      const header = at === undefined ? undefined : readHeader(await readAt(fd, at, HEADER_BYTES))
      if (at === undefined || header?.kind !== 'index' || at + HEADER_BYTES + header.bodyBytes + END_BYTES !== size) {
        throw invalidArgument(
          'store',
          path,
          'it has no end, as a copy that was cut off has none; copy or encode it again',
        )
      }
      const places = new Places()
      for (const place of readPlaces(await readAt(fd, at + HEADER_BYTES, header.bodyBytes))) places.add(place)
      return new DocumentFile(fd, head.madeBy, places)
    } catch (error) {
      await files.close(fd)
      throw error
    }
  }

  /** How many documents it holds. */
  get size(): number {
    return this.#places.length
  }

  /** Whether it holds a text, as far as its index tells. */
  has(text: string): boolean {
    return this.#places.get(keyOf(text)) !== undefined
  }

  /** @throws RerankError `'model-files'` when the record is damaged. */
  async get(text: string): Promise<DocumentVectors | undefined> {
    const record = await this.recordOf(keyOf(text))
    if (record === undefined) return undefined
    const header = readHeader(record)
    if (header?.kind !== 'record')
      throw new RerankError('model-files', 'A file of documents is damaged: encode it again.')
    const [written, vectors] = readBody(header, record.subarray(HEADER_BYTES))
    return written === text ? vectors : undefined
  }

  /** The bytes of a record. */
  async recordOf(key: Key): Promise<Buffer | undefined> {
    const place = this.#places.get(key)
    return place && (await readAt(this.#fd, place.at, place.bytes))
  }

  async close(): Promise<void> {
    await files.close(this.#fd)
  }
}

/**
 * Writes a file of documents beside its place, as `<path>.part`, and puts it there when it is whole: what stood there
 * before, and whoever reads it, is not disturbed. A part that a process left behind, however it ended, is continued; of a
 * record that was not whole nothing is kept.
 */
export class DocumentFileWriter {
  readonly #fd: number
  readonly #path: string
  readonly #places: Places
  #size: number

  private constructor(path: string, { fd, places, size }: { fd: number; places: Places; size: number }) {
    this.#path = path
    this.#fd = fd
    this.#places = places
    this.#size = size
  }

  /**
   * @param madeBy names the model and all that the numbers depend on
   * @throws RerankError `'invalid-argument'` when it cannot be written, or another model began the part.
   */
  static async open(path: string, madeBy: string): Promise<DocumentFileWriter> {
    const part = partOf(path)
    const fd = await files
      .open(part, constants.O_RDWR | constants.O_CREAT, 0o666)
      .catch((cause: NodeJS.ErrnoException) => {
        throw invalidArgument('path', path, `${part} cannot be written, ${reasonOf(cause)}`)
      })
    try {
      const head = headOf(madeBy)
      const { size } = await files.stat(fd)
      const begun = await readAt(fd, 0, Math.min(size, head.length))
      if (isUnfinished(begun, head, size)) {
        await files.cut(fd, 0)
        await writeAt(fd, 0, head)
        return new DocumentFileWriter(path, { fd, places: new Places(), size: head.length })
      }
      if (!begun.equals(head)) {
        const other = await readHead(fd)
        const fix = `remove ${part}, which ${other === undefined ? 'is no file of documents' : `was begun by ${other.madeBy}`}`
        throw invalidArgument('path', path, `${fix}, or name another file`)
      }
      const found = await recover(fd, head.length, size)
      await files.cut(fd, found.size)
      return new DocumentFileWriter(path, { fd, ...found })
    } catch (error) {
      await files.close(fd)
      throw error
    }
  }

  /** How many documents it holds so far. */
  get documents(): number {
    return this.#places.length
  }

  /** Its size so far, in bytes. */
  get bytes(): number {
    return this.#size
  }

  has(key: Key): boolean {
    return this.#places.get(key) !== undefined
  }

  async add(key: Key, text: string, vectors: DocumentVectors): Promise<void> {
    await this.addRecord(key, recordOf(text, vectors, key))
  }

  /** Adds a record as another file has it. */
  async addRecord(key: Key, record: Buffer): Promise<void> {
    await writeAt(this.#fd, this.#size, record)
    this.#places.add({ key, at: this.#size, bytes: record.length })
    this.#size += record.length
  }

  /** Puts the file in its place, whole. */
  async finish(): Promise<void> {
    const end = endOf(this.#places.inOrder(), this.#size)
    await writeAt(this.#fd, this.#size, end)
    this.#size += end.length
    await files.sync(this.#fd)
    await rename(partOf(this.#path), this.#path)
    await syncFolder(dirname(this.#path))
  }

  async close(): Promise<void> {
    await files.close(this.#fd)
  }
}

/**
 * Whether a part was left before its head was whole. What was written last may be zeros after a loss of power; a file with
 * nothing but zeros is ours only where it has no more bytes than a head.
 *
 * @param begun its first bytes, as many as the head has or as there are
 */
function isUnfinished(begun: Buffer, head: Buffer, size: number): boolean {
  const written = begun.findLastIndex((byte) => byte !== 0) + 1
  const isOurs = written >= MAGIC_BYTES || size <= head.length
  return isOurs && written < head.length && begun.subarray(0, written).equals(head.subarray(0, written))
}

/** Where a file stands until it is whole. */
function partOf(path: string): string {
  return `${path}.part`
}

/** The records of a part, up to the first that is not whole; an index that was begun is not one. */
async function recover(fd: number, start: number, size: number): Promise<{ places: Places; size: number }> {
  const places = new Places()
  let [at, last] = [start, start]
  for (;;) {
    const header = readHeader(await readAt(fd, at, HEADER_BYTES))
    const end = header === undefined ? Infinity : at + HEADER_BYTES + header.bodyBytes
    if (header?.kind !== 'record' || end > size) break
    places.add({ key: header.key, at, bytes: end - at })
    last = at
    at = end
  }
  // What was written last may have lost its bytes with the power.
  if (at > last && !(await isWhole(fd, last, at - last))) return recover(fd, start, last)
  return { places, size: at }
}

async function isWhole(fd: number, at: number, bytes: number): Promise<boolean> {
  const record = await readAt(fd, at, bytes)
  const header = readHeader(record)
  if (header?.kind !== 'record') return false
  try {
    readBody(header, record.subarray(HEADER_BYTES))
    return true
  } catch {
    return false
  }
}

/** The longest name that anybody has. */
const LONGEST_NAME = 65_536

async function readHead(fd: number): Promise<{ readonly madeBy: string } | undefined> {
  const length = nameLength(await readAt(fd, 0, FIRST_BYTES))
  if (length === undefined || length === 0 || length > LONGEST_NAME) return undefined
  const name = await readAt(fd, FIRST_BYTES, length)
  return name.length < length || name.includes(0) ? undefined : { madeBy: name.toString() }
}

/** So many bytes, or as many as there are. */
async function readAt(fd: number, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length)
  let done = 0
  while (done < length) {
    const count = await new Promise<number>((resolve, reject) => {
      read(fd, buffer, done, length - done, at + done, (error, bytes) =>
        error === null ? resolve(bytes) : reject(error),
      )
    })
    if (count === 0) break
    done += count
  }
  return buffer.subarray(0, done)
}

/** All bytes: a full disk may take a part, and the next try then says why. */
async function writeAt(fd: number, at: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await new Promise<number>((resolve, reject) => {
      write(fd, bytes, done, bytes.length - done, at + done, (error, count) =>
        error === null
          ? resolve(count)
          : reject(new Error(`The documents cannot be written: ${reasonOf(error)}`, { cause: error })),
      )
    })
  }
}

/** Makes the new name outlast a loss of power, where folders can be synchronised. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const fd = await files.open(folder, 'r')
    try {
      await files.sync(fd)
    } finally {
      await files.close(fd)
    }
  } catch {
    // Windows has no such thing.
  }
}

/** What the system says, in words. */
function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such file or folder'
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not'
  if (code === 'ENOSPC') return 'the disk is full'
  return code === 'EISDIR' ? 'it is a folder' : message
}
