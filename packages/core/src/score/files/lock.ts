import { randomUUID } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { sleepFor } from './sleep.js'

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
