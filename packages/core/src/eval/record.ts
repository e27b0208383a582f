import { closeSync, fstatSync, openSync, write as writeToFile } from 'node:fs'
import { promisify } from 'node:util'
import { between, callable, must, type OptionTable, readOptions, required, withDefault } from '../base/check.js'
import { invalidArgument, isError, warn as warnProcess } from '../base/errors.js'
import type { Candidate } from '../types.js'

/** Options of {@link recordSample}. */
export interface RecordSampleOptions {
  /** Path of the JSONL file that lines are appended to. Made where it is missing, readable by its owner alone. */
  readonly file: string
  /** Share of the calls that is recorded, drawn at random, 0 to 1. Default 1. */
  readonly rate?: number | undefined
  /** Recording stops before the file grows beyond this many MiB; more than 0. Default 256. */
  readonly maxMiB?: number | undefined
  /** Told, once, that recording stopped, and why. Default: a warning of the process. */
  readonly warn?: ((message: string) => void) | undefined
  /** Gives numbers from 0 up to 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

const RECORD = {
  file: required(must<string>((value) => typeof value === 'string' && value.trim() !== '', 'pass the path of a file')),
  rate: withDefault(between(0, 1), 1),
  maxMiB: withDefault(
    must<number>((value) => typeof value === 'number' && value > 0 && value < Infinity, 'pass a number above 0'),
    256,
  ),
  warn: withDefault(callable<NonNullable<RecordSampleOptions['warn']>>(), warnProcess),
  random: withDefault(callable<() => number>(), Math.random),
} satisfies OptionTable<RecordSampleOptions>

/** What a sample is recorded of: a reranker, or what has its two methods. */
interface Recordable {
  rerank(query: string, candidates: readonly (string | Candidate)[], options?: never): Promise<unknown>
  close(): Promise<void>
}

/**
 * The same reranker, which also appends each call to a file, or a share of the calls: the query and its candidates with
 * their ids, texts and first-stage scores, as `secondpass calibrate --input`, `eval` and `label` read them.
 *
 *     const reranker = recordSample(createReranker(), { file: 'sample.jsonl', rate: 0.05 })
 *
 * A week of such lines calibrates a skip policy without labels. Give it to an adapter as its `reranker`. Recording never
 * changes an answer and never makes a call fail: what cannot be written ends the recording, and `warn` says so. `close()`
 * waits for what is being written. The file holds what your users asked and what your documents say: treat it so.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option, what is no reranker, and a file that cannot be opened.
 */
export function recordSample<R extends Recordable>(reranker: R, options: RecordSampleOptions): R {
  if (typeof (reranker as Partial<Recordable> | undefined)?.rerank !== 'function')
    throw invalidArgument('reranker', reranker, 'pass what createReranker() returns')
  const { rate, random, ...how } = readOptions(RECORD, options)
  const log = new SampleLog(how)
  const rerank: Recordable['rerank'] = (query, candidates, callOptions) => {
    if (random() < rate) log.add(query, candidates)
    return reranker.rerank(query, candidates, callOptions)
  }
  const close = async (): Promise<void> => {
    try {
      await reranker.close()
    } finally {
      await log.close()
    }
  }
  const own: Readonly<Record<PropertyKey, unknown>> = { rerank, close, [Symbol.asyncDispose]: close }
  return new Proxy(reranker, {
    get(target, name) {
      if (Object.hasOwn(own, name)) return own[name]
      const value: unknown = Reflect.get(target, name, target)
      // Methods of a class may reach for private fields, which a proxy has none of.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

const writeAt = promisify(writeToFile)

/** Bytes that wait to be written at most: a disk that is slower than the calls loses lines rather than memory. */
const MOST_WAITING = 16 * 2 ** 20

/** The file, one line after the other. */
class SampleLog {
  private readonly fd: number
  private bytes: number
  private waiting = 0
  private isOpen = true
  private hasFailed = false
  private last: Promise<void> = Promise.resolve()

  constructor(private readonly options: { file: string; maxMiB: number; warn: (message: string) => void }) {
    const { file } = options
    try {
      this.fd = openSync(file, 'a', 0o600)
      this.bytes = fstatSync(this.fd).size
    } catch (cause) {
      const reason = isError(cause) ? cause.message : String(cause)
      throw Object.assign(invalidArgument('file', file, `it cannot be opened for writing (${reason})`), { cause })
    }
  }

  add(query: string, candidates: readonly (string | Candidate)[]): void {
    if (!this.isOpen || this.waiting >= MOST_WAITING) return
    let line: Buffer
    try {
      line = Buffer.from(`${lineOf(query, candidates)}\n`)
    } catch {
      // What is wrong with it, the reranker says.
      return
    }
    if (this.bytes + line.length > this.options.maxMiB * 2 ** 20) {
      this.stop(`it would grow beyond ${this.options.maxMiB} MiB (maxMiB)`)
      return
    }
    this.bytes += line.length
    this.waiting += line.length
    this.last = this.last.then(() => this.write(line))
  }

  async close(): Promise<void> {
    const wasOpen = this.isOpen
    this.isOpen = false
    await this.last
    if (wasOpen) closeSync(this.fd)
  }

  private async write(line: Buffer): Promise<void> {
    try {
      if (this.hasFailed) return
      // One write a line, so that processes which share the file do not mix their lines.
      const { bytesWritten } = await writeAt(this.fd, line)
      if (bytesWritten < line.length) this.fail('the disk took a part of a line only')
    } catch (error) {
      this.fail(isError(error) ? error.message : String(error))
    } finally {
      this.waiting -= line.length
    }
  }

  private fail(reason: string): void {
    if (this.hasFailed) return
    this.hasFailed = true
    this.stop(reason)
  }

  private stop(reason: string): void {
    // A reranker that is being closed closes the file itself.
    if (this.isOpen) this.last = this.last.then(() => closeSync(this.fd))
    this.isOpen = false
    try {
      this.options.warn(`recordSample: nothing more is written to ${this.options.file}: ${reason}.`)
    } catch {
      // Nobody who watches may change an answer.
    }
  }
}

/**
 * A line of a sample. Ids and scores that are none are left out, and ids of which two are equal: they name no text. The
 * reranker judges the rest.
 */
function lineOf(query: string, candidates: readonly (string | Candidate)[]): string {
  if (typeof query !== 'string' || query.trim() === '' || !Array.isArray(candidates)) throw new TypeError('no call')
  const ids = candidates.flatMap((candidate: string | Candidate) => idOf(candidate) ?? [])
  const areNames = new Set(ids.map(String)).size === ids.length
  return JSON.stringify({
    query,
    candidates: candidates.map((candidate: string | Candidate) => {
      if (typeof candidate === 'string') return { text: candidate }
      const { text, score } = candidate
      if (typeof text !== 'string') throw new TypeError('no text')
      const id = areNames ? idOf(candidate) : undefined
      return {
        ...(id !== undefined && { id }),
        text,
        ...(typeof score === 'number' && Number.isFinite(score) && { score }),
      }
    }),
  })
}

function idOf(candidate: string | Candidate): string | number | undefined {
  const id: unknown = typeof candidate === 'string' ? undefined : candidate?.id
  return typeof id === 'string' || typeof id === 'number' ? id : undefined
}
