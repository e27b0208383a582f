import { randomUUID } from 'node:crypto'
import {
  linkSync,
  lstatSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { CliError, fileError } from '../errors.js'

/** Who writes. */
interface Holder {
  readonly secondpass: 'lock'
  /** The machine, and which list of processes `pid` stands in. */
  readonly host: string
  readonly pid: number
  /** When the process began, as the system counts; missing where it does not tell. A number is given to a new process later. */
  readonly startedAt?: string | undefined
  readonly key: string
}

/** A holder that still lives touches its lock this often. */
const BEAT_MS = 5000
/** A lock of another machine that was not touched for this long is abandoned. */
const STALE_MS = 60_000

/**
 * The right to write a file, for one process at a time. It stands in a file beside it, `<name>.lock`, which says who holds
 * it: the lock of a process that is gone, however it ended, is taken over by the next one at once, or after a minute where
 * the process ran on another machine and cannot be looked for.
 */
export class Lock {
  readonly #path: string
  readonly #key: string
  readonly #beat: NodeJS.Timeout

  private constructor(
    /** The file that is held, as a message calls it. */
    readonly name: string,
    { path, key }: { readonly path: string; readonly key: string },
  ) {
    this.#path = path
    this.#key = key
    this.#beat = setInterval(() => this.#touch(), BEAT_MS)
    this.#beat.unref()
    held.add(this)
  }

  /**
   * @param target the file itself, links followed
   * @param name what a message calls it
   * @throws CliError when another process holds it, or no lock can be made there.
   */
  static take(target: string, name: string): Lock {
    const path = `${target}.lock`
    const key = randomUUID()
    // Each try finds it free, held, or clears away one that nobody holds; a few others may be at the same time.
    for (let tries = 0; tries < 10; tries++) {
      const own: Holder = { secondpass: 'lock', host: thisHost(), pid: process.pid, startedAt: startOf('self'), key }
      if (isMade(path, own, name)) {
        tidy(path)
        return new Lock(name, { path, key })
      }
      const holder = holderOf(path)
      if (holder === 'foreign')
        throw new CliError(`${path} is in the way of ${name}, and is no lock: name another output`)
      if (holder !== undefined && !isGone(holder, path)) throw heldBy(holder, name, path)
      if (holder !== undefined) clear(path, holder)
    }
    throw new CliError(`${name} is fought over by other processes: try again`)
  }

  /**
   * Makes sure that the lock is still held: another machine takes over from a process that was stopped for long.
   *
   * @throws CliError when it is not.
   */
  check(): void {
    const holder = holderOf(this.#path)
    if (typeof holder === 'object' && holder.key === this.#key) return
    throw new CliError(
      `${this.name} was taken over by another process, or its lock was removed: nothing more is written`,
    )
  }

  release(): void {
    clearInterval(this.#beat)
    held.delete(this)
    const holder = holderOf(this.#path)
    if (typeof holder === 'object' && holder.key === this.#key) rmSync(this.#path, { force: true })
  }

  #touch(): void {
    try {
      utimesSync(this.#path, new Date(), new Date())
    } catch {
      // The next line that is written notices.
    }
  }
}

const held = new Set<Lock>()

/** Gives all locks back, when the process ends before those who hold them can. */
export function releaseLocks(): void {
  for (const lock of held) lock.release()
}

function heldBy({ pid, host }: Holder, name: string, path: string): CliError {
  const where = host === thisHost() ? '' : ` on ${host.split(' ')[0]}`
  return new CliError(
    `${name} is being written by process ${pid}${where}: wait for it, or name another file (its lock is ${path})`,
  )
}

/** Makes the lock, whole from the beginning; `false` when there is one. */
function isMade(path: string, own: Holder, name: string): boolean {
  const made = `${path}.${own.key}`
  try {
    writeFileSync(made, JSON.stringify(own), { flag: 'wx' })
    try {
      linkSync(made, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      // A file system without hard links.
      writeFileSync(path, JSON.stringify(own), { flag: 'wx' })
    }
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw fileError(name, 'written', error)
  } finally {
    rmSync(made, { force: true })
  }
}

/**
 * Removes what processes that were killed while they made or cleared a lock have left beside it. One that is making its own
 * right now finds the lock taken all the same.
 */
function tidy(path: string): void {
  const [folder, prefix] = [dirname(path), `${basename(path)}.`]
  try {
    for (const name of readdirSync(folder)) {
      const isLeft =
        name.startsWith(prefix) && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name.slice(prefix.length))
      if (isLeft) rmSync(join(folder, name), { force: true })
    }
  } catch {
    // A folder that may be written and not listed: what is left does no harm.
  }
}

/** Who holds it; nothing when nobody does any more, `'foreign'` when it is something else. */
function holderOf(path: string): Holder | 'foreign' | undefined {
  try {
    if (!lstatSync(path).isFile()) return 'foreign'
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Holder | null
    return holder?.secondpass === 'lock' ? holder : 'foreign'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'foreign'
  }
}

function isGone({ host, pid, startedAt }: Holder, path: string): boolean {
  if (host === thisHost()) {
    if (!isAlive(pid)) return true
    // A number that another process has now, as 1 in a container that was started again.
    if (startedAt !== undefined) return startOf(pid) !== startedAt
  }
  const touched = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs
  return touched === undefined || Date.now() - touched > STALE_MS
}

/** Moves a lock that nobody holds away. Should another process have come in between, its lock is put back. */
function clear(path: string, gone: Holder): void {
  const aside = `${path}.${randomUUID()}`
  try {
    renameSync(path, aside)
    const moved = holderOf(aside)
    if (typeof moved === 'object' && moved.key !== gone.key) linkSync(aside, path)
  } catch {
    // Somebody else was quicker.
  } finally {
    rmSync(aside, { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process began, in ticks since the machine did; the name of its program stands before, and may hold anything. */
function startOf(pid: number | 'self'): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/** The machine since it was started, and, on Linux, the name space in which process numbers mean something. */
function thisHost(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${hostname()} ${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}
