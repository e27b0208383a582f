import type { Reranker } from '@secondpass/core'
import { recordSample } from '@secondpass/core/eval'
import { fileError } from '../errors.js'
import { checkFiles } from '../files/identity.js'
import { type Io, tell } from '../io.js'
import type { RerankRequest } from './request.js'

/** The options of recording. */
export interface RecordFlags {
  readonly record?: string
  readonly recordRate: number
  readonly recordMib: number
}

/** Keeps a sample of what was asked and answered, for `secondpass calibrate`. */
export interface Recorder {
  add(request: RerankRequest): void
  /** Waits for what is being written. */
  close(): Promise<void>
}

/** Stands where a reranker would be: requests are recorded once they were answered, by whom does not matter here. */
const answered: { rerank(...call: Parameters<Reranker['rerank']>): Promise<void>; close(): Promise<void> } = {
  rerank: async () => {},
  close: async () => {},
}

/**
 * Opens the file that requests are recorded in. It grows to a size and no further, and nothing that happens to it reaches a
 * request.
 *
 * @returns nothing when nothing is to be recorded, which is how a server is unless it is told otherwise.
 * @throws CliError when the file cannot be opened.
 */
export function openRecorder({ record, recordRate, recordMib }: RecordFlags, io: Io): Recorder | undefined {
  if (record === undefined) return undefined
  checkFiles([], [{ option: '--record', path: record }], io)
  const stopped = (message: string): void => {
    const reason = message.replace(/^recordSample: /, '').replace('(maxMiB)', '(--record-mib)')
    tell(io, `secondpass: --record: ${reason}`)
  }
  const sample = recording(record, () =>
    recordSample(answered, { file: record, rate: recordRate, maxMiB: recordMib, warn: stopped }),
  )
  tell(io, `secondpass: --record: what clients ask, and the texts they send, are kept in ${record}`)
  return {
    // What its promise says is of no interest to a client.
    add: (request) => void sample.rerank(request.query, candidatesOf(request)),
    close: () => sample.close(),
  }
}

function recording<T>(path: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw fileError(path, 'written', (error as { cause?: unknown }).cause ?? error)
  }
}

/** The texts as they were read, with the id and the score of the first stage where a document has them. */
function candidatesOf({ texts, documents }: RerankRequest): { text: string; id?: string; score?: number }[] {
  return texts.map((text, at) => {
    const { id, score } = (typeof documents[at] === 'object' ? documents[at] : {}) as { id?: unknown; score?: unknown }
    const isId = typeof id === 'string' || typeof id === 'number'
    return { text, ...(isId && { id: String(id) }), ...(typeof score === 'number' && { score }) }
  })
}
