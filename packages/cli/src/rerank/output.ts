import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import type { Line } from '@secondpass/core/eval'
import { CliError, misuse } from '../errors.js'
import { LineFile, discard, putInPlace, refuseForeign } from '../files/line-file.js'
import { Lock } from '../files/lock.js'
import { openDevice } from '../files/replace.js'
import { isPlace, targetOf } from '../files/target.js'
import { isObject } from '../input/json-lines.js'
import { type Io, write } from '../io.js'
import { type Settings, firstDifference } from '../work/batch.js'

/** A line of the input that was read: an answer stands for it in the output, or it was left out. */
export interface SeenLine {
  readonly number: number
  /** Of its bytes: whether it is still what it was. */
  readonly digest: string
}

/** What is remembered of a line of the input. */
export function seen({ number, bytes, length }: Pick<Line, 'number' | 'bytes' | 'length'>): SeenLine {
  const digest = createHash('sha256').update(bytes ?? String(length))
  return { number, digest: digest.digest('hex').slice(0, 16) }
}

/** Where answers go. */
export interface Sink {
  /** Whether it can be continued. */
  readonly isFile: boolean
  /** The last line of the input that an earlier run answered; nothing when this is the first. */
  readonly last: number | undefined
  /** The lines of the input that earlier runs read, up to that one. */
  earlier(): AsyncIterator<SeenLine>
  /** Remembers a line that was read before, and that the power took from what is remembered. */
  remember(line: SeenLine): void
  /** Adds an answer, and remembers the lines that were read for it: those left out, and its own. */
  add(text: string, read: readonly SeenLine[]): Promise<void>
  /** What to know when the work ends before its end; nothing when the output is as far as it says. */
  readonly unfinished?: string | undefined
  /** Everything is there. */
  finish(): void
  close(): void
}

/** Options of {@link openSink}. */
export interface SinkOptions {
  readonly overwrite: boolean
  /** What must be equal for two runs to belong to one output. */
  readonly settings: Settings
}

/**
 * Stdout, or a file that grows by whole lines and can be continued.
 *
 * @throws CliError when another process writes it, or it was begun with other settings or by something else.
 */
export function openSink(path: string | undefined, options: SinkOptions, io: Io): Sink {
  if (path === undefined) return streamSink((text) => write(io, text))
  return isPlace(path) ? FileSink.open(path, options) : deviceSink(path)
}

function streamSink(add: (text: string) => Promise<void>, close: () => void = () => {}): Sink {
  return {
    isFile: false,
    last: undefined,
    earlier: () => noLines(),
    remember: () => {},
    add: (text) => add(`${text}\n`),
    finish: () => {},
    close,
  }
}

async function* noLines(): AsyncGenerator<SeenLine> {}

/** Nothing in a pipe, a terminal or a device can be continued. */
function deviceSink(path: string): Sink {
  const device = openDevice(path)
  return streamSink(async (text) => device.write(text), device.close)
}

const BEGINS = ['{"line":']
const STATE_BEGINS = ['{"secondpass":"rerank"', '[']
const STATE_VERSION = 2

/**
 * An output beside which stands `<name>.state`: the settings in its first line, then a line for each line of the input that
 * was read, so that a run with other settings or another input is refused instead of mixed in. An output that is begun
 * anew grows in `<name>.part` and takes the place of the old one when it is whole.
 */
class FileSink implements Sink {
  readonly isFile = true
  readonly last: number | undefined
  readonly #target: string
  readonly #lock: Lock
  readonly #lines: LineFile
  readonly #state: LineFile

  static open(path: string, { overwrite, settings }: SinkOptions): FileSink {
    const target = targetOf(path)
    const lock = Lock.take(target, path)
    const opened: LineFile[] = []
    try {
      const place = placeOf(target, { path, overwrite })
      const title = `--output ${place === target ? path : place}`
      const lines = new LineFile(place, { lock, title, begins: BEGINS })
      opened.push(lines)
      if (lines.isEmpty) discard(`${place}.state`, { title, begins: STATE_BEGINS })
      const state = new LineFile(`${place}.state`, { lock, title, begins: STATE_BEGINS })
      opened.push(state)
      const sink = new FileSink({ target, lock, lines, state }, title)
      sink.#claim(title, settings)
      return sink
    } catch (error) {
      for (const file of opened) file.close()
      lock.release()
      throw error
    }
  }

  private constructor(
    { target, lock, lines, state }: Readonly<{ target: string; lock: Lock; lines: LineFile; state: LineFile }>,
    title: string,
  ) {
    this.#target = target
    this.#lock = lock
    this.#lines = lines
    this.#state = state
    this.last = readLast(title, lines.lastLine())
  }

  get unfinished(): string | undefined {
    if (this.#lines.path === this.#target) return undefined
    return `${this.#target} is as it was; what was done is in ${this.#lines.path}: the same command without --overwrite goes on`
  }

  /** Holds the state to the settings, or begins it. */
  #claim(title: string, settings: Settings): void {
    const { path } = this.#state
    if (this.#lines.isEmpty) {
      // The lines first: a state without them is of a run that has put them in their place.
      this.#lines.create()
      this.#state.add(JSON.stringify({ secondpass: 'rerank', version: STATE_VERSION, settings }))
      return
    }
    const begun = readSettings(this.#state.firstLine())
    if (begun === undefined) {
      throw misuse(
        `${title} exists, and ${path}, which would say how to continue it, does not: name another file, or add --overwrite`,
      )
    }
    const difference = firstDifference(begun, settings)
    if (difference !== undefined) {
      throw misuse(`${title} was begun with ${difference}: name another file, or add --overwrite to begin anew`)
    }
    this.#lines.mend()
    this.#state.mend()
    // A line is remembered before its answer is written; a run that was killed may have been between the two.
    for (let line = this.#lastSeen(); line !== undefined && line.number > (this.last ?? 0); line = this.#lastSeen()) {
      this.#state.dropLastLine()
    }
  }

  #lastSeen(): SeenLine | undefined {
    return readSeen(this.#state.lastLine() ?? '')
  }

  async *earlier(): AsyncGenerator<SeenLine> {
    for await (const { text } of this.#state.lines()) {
      const line = readSeen(text)
      if (line !== undefined) yield line
    }
  }

  remember({ number, digest }: SeenLine): void {
    this.#state.add(`[${number},"${digest}"]`)
  }

  async add(text: string, read: readonly SeenLine[]): Promise<void> {
    for (const line of read) this.remember(line)
    this.#lines.add(text)
  }

  finish(): void {
    this.#lines.sync()
    this.#state.sync()
    if (this.#lines.path === this.#target) return
    putInPlace(this.#lines.path, this.#target)
    putInPlace(this.#state.path, `${this.#target}.state`)
  }

  close(): void {
    this.#lines.close()
    this.#state.close()
    this.#lock.release()
  }
}

/**
 * Where the lines go: into the file, or, while it is begun anew, into one beside it. One that was begun and not finished is
 * continued, until `--overwrite` begins that anew too.
 */
function placeOf(target: string, { path, overwrite }: { readonly path: string; readonly overwrite: boolean }): string {
  const [part, title] = [`${target}.part`, `--output ${path}`]
  // A run was killed after it had put the lines in their place and before it had put their state there.
  if (existsSync(`${part}.state`) && !existsSync(part)) {
    refuseForeign(`${part}.state`, { title, begins: STATE_BEGINS })
    putInPlace(`${part}.state`, `${target}.state`)
  }
  if (!overwrite) return existsSync(part) ? part : target
  discard(part, { title, begins: BEGINS })
  discard(`${part}.state`, { title, begins: STATE_BEGINS })
  refuseForeign(`${target}.state`, { title, begins: STATE_BEGINS })
  const old = statSync(target, { throwIfNoEntry: false })
  return old === undefined || old.size === 0 ? target : part
}

function readSettings(text: string | undefined): Settings | undefined {
  const { secondpass, version, settings } = readObject(text) ?? {}
  return secondpass === 'rerank' && version === STATE_VERSION && isObject(settings) ? settings : undefined
}

function readSeen(text: string): SeenLine | undefined {
  const [, number, digest = ''] = /^\[(\d+),"([0-9a-f]{16})"\]$/.exec(text) ?? []
  return number === undefined ? undefined : { number: Number(number), digest }
}

function readLast(title: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const line = readObject(text)?.['line']
  if (Number.isSafeInteger(line)) return line as number
  throw misuse(`${title}: its last line was not written by this command; name another file, or add --overwrite`)
}

function readObject(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** What is said when the input is not what it was. */
export function changedInput(place: string, what: string): CliError {
  return new CliError(`${place}: ${what}: is it the same input? Else add --overwrite`)
}
