import { createHash, type Hash, randomUUID } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { copyFile, link, mkdir, open, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, relative } from 'node:path'
import { RerankError } from '../../base/errors.js'
import { sleepFor } from './settings.js'

const SLICE_BYTES = 1 << 20

/** The sha256 of a file, as 64 hex digits. */
export async function sha256Of(file: string): Promise<string> {
  return digest(file, () => createHash('sha256'))
}

/** Whether a file is what its name in the cache says: a sha256, or the id that git gives to its contents. */
export async function matchesEtag(file: string, etag: string): Promise<boolean> {
  if (/^[0-9a-f]{64}$/.test(etag)) return (await sha256Of(file)) === etag
  if (!/^[0-9a-f]{40}$/.test(etag)) return false
  return (await digest(file, (size) => createHash('sha1').update(`blob ${size}\0`))) === etag
}

/** Read in slices into one buffer, so that the weights never stand in memory a second time. */
async function digest(file: string, begin: (size: number) => Hash): Promise<string> {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    const hash = begin(size)
    const slice = Buffer.allocUnsafe(Math.min(SLICE_BYTES, size + 1))
    for (;;) {
      const { bytesRead } = await handle.read(slice)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(slice.subarray(0, bytesRead))
    }
  } finally {
    await handle.close()
  }
}

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
 * allowed (Windows), by a copy where there are neither. Whoever comes second finds it done.
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
/** A lock that was not touched for this long belongs to nobody, wherever its holder ran. */
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
    else await sleepFor(LOOK_MS, signal)
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
  // Written first and linked into place, so that nobody ever reads half a lock.
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
