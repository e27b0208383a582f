import { type FileHandle, open } from 'node:fs/promises'
import { CliError } from '../errors.js'
import { type TextLine, badLine, isObject, parseLine } from '../input/json-lines.js'
import { readLines } from '../input/open.js'
import type { Io } from '../io.js'

/** Where a document stands in a corpus file, in bytes: its text is read when it is needed, and not kept. */
export interface Place {
  readonly offset: number
  readonly length: number
}

/** A document of a corpus and where it stands. */
export interface PlacedDocument extends Place {
  readonly id: string
  readonly text: string
}

/** Reads a corpus from the beginning, one document at a time. */
export async function* readCorpus(path: string, io: Io): AsyncGenerator<PlacedDocument> {
  for await (const line of readLines(path, io)) {
    io.signal.throwIfAborted()
    const { offset, length } = line
    yield { ...readDocument(line), offset, length }
  }
}

function readDocument(line: TextLine): { readonly id: string; readonly text: string } {
  const value = parseLine(line)
  const { _id: id, text, title = '' } = isObject(value) ? value : {}
  if (typeof id !== 'string' || typeof text !== 'string' || typeof title !== 'string') {
    throw badLine(line, 'write an object with the strings "_id" and "text", and perhaps "title"')
  }
  if (id.trim() === '') throw badLine(line, 'its "_id" is blank; give it one')
  return { id, text: withTitle(title.trim(), text.trim()) }
}

/** Title and text as one passage; a title that the text repeats is not said twice. */
function withTitle(title: string, text: string): string {
  return title === '' || text.startsWith(title) ? text : `${title}. ${text}`
}

/** Finds where some documents stand. Those that the corpus lacks are missing in the answer. */
export async function findPlaces(path: string, ids: ReadonlySet<string>, io: Io): Promise<Map<string, Place>> {
  const places = new Map<string, Place>()
  for await (const { id, offset, length } of readCorpus(path, io)) {
    if (ids.has(id) && !places.has(id)) places.set(id, { offset, length })
  }
  return places
}

/** Reads documents by their places. */
export class CorpusReader {
  readonly #path: string
  readonly #places: ReadonlyMap<string, Place>
  #file: Promise<FileHandle> | undefined

  constructor(path: string, places: ReadonlyMap<string, Place>) {
    this.#path = path
    this.#places = places
  }

  /** @throws CliError when the corpus has no such document, or was changed since it was looked through. */
  async textOf(id: string): Promise<string> {
    const place = this.#places.get(id)
    if (place === undefined) throw new CliError(`${this.#path} has no document "${id}": is the run of this collection?`)
    this.#file ??= open(this.#path)
    const bytes = Buffer.alloc(place.length)
    await (await this.#file).read(bytes, 0, place.length, place.offset)
    const found = readDocument({ file: this.#path, number: 0, text: bytes.toString('utf8') })
    if (found.id !== id) throw new CliError(`${this.#path} was changed while it was being read: start again`)
    return found.text
  }

  async close(): Promise<void> {
    await (await this.#file)?.close()
  }
}
