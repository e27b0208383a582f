import { randomUUID } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { copyFile, link, mkdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, relative } from 'node:path'
import { RerankError } from '../../base/errors.js'
import { pause, systemClock } from '../../base/clock.js'

const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT']
const CLOSED: readonly unknown[] = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR']

/** Whether there was no room. */
export function isDiskFull(error: unknown): boolean {
  return FULL.includes((error as NodeJS.ErrnoException | undefined)?.code)
}

/** Whether the place may not be written to. On a file system that may only be read, Node.js calls a new folder "missing". */
function isNotWritable(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException
  return CLOSED.includes(code) || (code === 'ENOENT' && syscall === 'mkdir')
}

/** An error of the file system with what to do about it; any other as it is. */
export function explainDisk(error: unknown, what: string, folder: string): unknown {
  const fix = 'set HF_HOME to a folder'
  if (isDiskFull(error)) {
    const message = `The disk is full: ${what} did not fit into ${folder}: free some space, or ${fix} on another disk.`
    return new RerankError('model-files', message, { cause: error })
  }
  if (!isNotWritable(error)) return error
  const { message: said } = error as Error
  const message = `${what} cannot be put into ${folder} (${said}): make it writable, or ${fix} that is.`
  return new RerankError('model-files', message, { cause: error })
}

/** What the file system is asked for; replaced in tests. */
export interface LinkSystem {
  symlink(target: string, path: string): Promise<void>
  link(existing: string, path: string): Promise<void>
  copyFile(from: string, to: string): Promise<void>
}

/**
 * Lets `pointer` show what is in `blob`: by a relative symbolic link as in Python, by a hard link where those are not
 * allowed (Windows), by a copy where there are neither. A second process finds it done.
 */
export async function showBlob(
  blob: string,
  pointer: string,
  system: LinkSystem = { symlink, link, copyFile },
): Promise<void> {
  await mkdir(dirname(pointer), { recursive: true })
  // Made beside its place and then moved, so that a broken link or half a copy is replaced and never seen.
  const made = `${pointer}.${randomUUID().slice(0, 8)}.tmp`
  const ways = [
    () => system.symlink(relative(dirname(pointer), blob), made),
    () => system.link(blob, made),
    () => system.copyFile(blob, made),
  ]
  try {
    await firstThatWorks(ways)
    await rename(made, pointer)
  } catch (error) {
    await rm(made, { force: true })
    // On Windows a file that is open cannot be replaced; then it is the other process's, and the same.
    if (!(await isThere(pointer))) throw error
  }
}

/** Whether a path leads to a file, links followed. */
export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function firstThatWorks(ways: readonly (() => Promise<void>)[]): Promise<void> {
  const [way, ...rest] = ways
  try {
    await way?.()
  } catch (error) {
    if (rest.length === 0) throw error
    await firstThatWorks(rest)
  }
}

/** Who holds a lock. */
interface Holder {
  readonly host: string
  readonly pid: number
  readonly key: string
}

/** A holder that still lives touches its lock this often. */
const BEAT_MS = 5000
/** A lock that was not touched for this long is abandoned, wherever its holder ran. */
const STALE_MS = 60_000
const LOOK_MS = 100

/**
 * Does work that one process at a time should do. The lock saves doing it twice; that nothing breaks when two do it all
 * the same is the work's own affair, because on a network file system no lock is certain.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  await mkdir(dirname(path), { recursive: true })
  const own: Holder = { host: thisHost(), pid: process.pid, key: randomUUID() }
  while (!(await take(path, own))) {
    if (await isStale(path)) await breakLock(path)
    else await pause(LOOK_MS, { clock: systemClock, signal })
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), BEAT_MS)
  beat.unref()
  try {
    return await work()
  } finally {
    clearInterval(beat)
    if ((await holderOf(path))?.key === own.key) await rm(path, { force: true })
  }
}

async function take(path: string, own: Holder): Promise<boolean> {
  // Written first and linked into place, so that no process reads half a lock.
  const made = `${path}.${own.key}`
  try {
    await writeFile(made, JSON.stringify(own), { flag: 'wx' })
    const taken = await isFirst(link(made, path))
    // A file system without hard links.
    return taken ?? (await isFirst(writeFile(path, JSON.stringify(own), { flag: 'wx' }))) === true
  } finally {
    await rm(made, { force: true })
  }
}

/** Whether the file was made; `false` when it was there already, nothing when it could not be made this way. */
async function isFirst(making: Promise<void>): Promise<boolean | undefined> {
  try {
    await making
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EEXIST' ? false : undefined
  }
}

async function isStale(path: string): Promise<boolean> {
  const [holder, info] = await Promise.all([holderOf(path), stat(path).catch(() => undefined)])
  if (info === undefined) return false
  if (Date.now() - info.mtimeMs > STALE_MS) return true
  return holder !== undefined && holder.host === thisHost() && !isAlive(holder.pid)
}

/** Moves a stale lock away. Should a new holder have come in between, its lock is put back. */
async function breakLock(path: string): Promise<void> {
  const stale = await holderOf(path)
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return // Somebody else was quicker.
  }
  if ((await holderOf(aside))?.key !== stale?.key) await link(aside, path).catch(() => {})
  await rm(aside, { force: true })
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Process numbers mean the same only within one host and, on Linux, one name space of processes. */
function thisHost(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}
