import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { loadedCopies, neighbourCopy, ownCopy } from './copies.js'

/** What the pool asks of a thread. */
export interface Thread extends EventEmitter {
  postMessage(message: object): void
  ref(): void
  unref(): void
}

/** What the file of a worker asks of the one who started it. */
export interface Port {
  postMessage(message: unknown): void
  on(event: 'message', listener: (message: never) => void): void
  close(): void
}

/**
 * What threads can do with the runtime that is installed or loaded here. Before 1.22 a second thread ends the whole process;
 * before 1.30 the library cannot be loaded again once the threads that loaded it have ended, unless this one holds it. And a
 * thread of the caller's may be terminated, and its threads with it, in the middle of a run, which ends the whole process.
 */
export function threadRules(): { readonly areSafe: boolean; readonly mustHold: boolean } {
  const used = neighbourCopy() ?? ownCopy()
  const copies = [...(used === undefined ? [] : [used]), ...loadedCopies()]
  const oldest = copies.reduce((least, { version }) => Math.min(least, Number(version.split('.')[1])), Infinity)
  const areSafe = oldest >= 22 && isMainThread
  return { areSafe, mustHold: areSafe && oldest < 30 }
}

/** Starts a worker's file in a process of its own, which ends with this one. */
export function startProcess(file: URL, data: object): Thread {
  const child = fork(fileURLToPath(file), { execArgv: [], serialization: 'advanced' })
  child.send(data)
  return new ProcessThread(child)
}

/** A process in the place of a thread. */
class ProcessThread extends EventEmitter implements Thread {
  readonly #child: ChildProcess

  constructor(child: ChildProcess) {
    super()
    this.#child = child
    child.on('message', (message) => this.emit('message', message))
    child.on('error', (error) => this.emit('error', error))
    child.on('exit', (code, signal) => this.emit('exit', code ?? signal))
  }

  postMessage(message: object): void {
    // One that has gone says so by its exit.
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  ref(): void {
    this.#child.ref()
    this.#child.channel?.ref()
  }

  unref(): void {
    this.#child.unref()
    this.#child.channel?.unref()
  }
}

/** The other side: what the process was given, and the port to who started it. */
export async function portOfProcess(): Promise<{ readonly data: unknown; readonly port: Port }> {
  const messages = new EventEmitter()
  const early: unknown[] = []
  const keep = (message: unknown): void => void early.push(message)
  messages.on('message', keep)
  process.on('message', (message) => messages.emit('message', message))
  const [data] = (await once(process, 'message')) as [unknown]
  early.length = 0
  process.once('disconnect', () => process.exit())
  const port: Port = {
    postMessage: (message) => void process.send?.(message, undefined, undefined, () => {}),
    on(event, listener) {
      messages.off('message', keep).on(event, listener as (message: unknown) => void)
      for (const message of early.splice(0)) messages.emit('message', message)
    },
    close: () => process.disconnect(),
  }
  return { data, port }
}
