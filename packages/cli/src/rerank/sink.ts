import { misuse } from '../errors.js'
import type { Task } from '../input/candidates.js'
import { isObject } from '../input/json-lines.js'
import { type Io, write } from '../io.js'
import { AppendFile } from '../output/append-file.js'

/** A line of the input that is to be reranked. */
export interface Numbered {
  /** Its number in the input, from 1. */
  readonly line: number
  readonly task: Task
  /** Where the line ends in the input, in bytes: how far the work has come. */
  readonly end: number
}

/** The last line that an earlier run wrote. */
export interface LastLine {
  readonly line: number
  readonly query: string
}

/** Where answers go. */
export interface Sink {
  readonly isFile: boolean
  add(text: string): Promise<void>
  /** What an earlier run wrote last; nothing when this is the first. */
  last(): LastLine | undefined
  close(): void
}

/** Stdout, or a file that grows by whole lines. */
export function openSink(path: string | undefined, io: Io): Sink {
  if (path === undefined) {
    return { isFile: false, add: (text) => write(io.stdout, `${text}\n`), last: () => undefined, close: () => {} }
  }
  const file = new AppendFile(path)
  return {
    isFile: true,
    add: async (text) => file.add(text),
    last: () => readLast(path, file.lastLine()),
    close: () => file.close(),
  }
}

function readLast(path: string, text: string | undefined): LastLine | undefined {
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (isObject(value) && typeof value['line'] === 'number' && typeof value['query'] === 'string') {
    return { line: value['line'], query: value['query'] }
  }
  throw misuse(`--output ${path}: its last line was not written by this command; name another file, or add --overwrite`)
}
