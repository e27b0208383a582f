import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { systemClock } from '../../base/clock.js'
import { ProviderError, RerankError } from '../../base/errors.js'
import type { HubClient, HubFile } from './client.js'
import { explainDisk, isDiskFull, isThere, withLock } from './disk.js'
import { type HubContext, waitForNextTry } from './http.js'
import { matchesEtag } from './layout.js'

/**
 * Where the bytes of a blob go until they are whole: `ETAG.secondpass-XXXXXXXX.incomplete`, beside the blob. The name is
 * this process's own, as Python's is, so that two processes never write one file.
 */
class PartFile {
  readonly path: string
  /** Bytes on disk. */
  size: number
  readonly #handle: FileHandle

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path
    this.size = size
    this.#handle = handle
  }

  /** Resumes what an earlier process left behind, or begins. To be called under the lock of the blob. */
  static async open(blob: string): Promise<PartFile> {
    const path = `${blob}.secondpass-${randomUUID().slice(0, 8)}.incomplete`
    const [largest, ...others] = await leftBehind(blob)
    for (const other of others) await rm(other, { force: true })
    if (largest !== undefined) await rename(largest, path).catch(() => {})
    const handle = await open(path, 'a')
    return new PartFile(path, (await handle.stat()).size, handle)
  }

  async append(bytes: Uint8Array): Promise<void> {
    let written = 0
    while (written < bytes.length) written += (await this.#handle.write(bytes, written)).bytesWritten
    this.size += written
  }

  async clear(): Promise<void> {
    await this.#handle.truncate(0)
    this.size = 0
  }

  /** What was written is on the disk itself when this is done. */
  async close(): Promise<void> {
    await this.#handle.sync().catch(() => {})
    await this.#handle.close()
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true })
  }

  /** Makes it the blob, in one step. */
  async become(blob: string): Promise<void> {
    await rename(this.path, blob)
  }
}

/** The unfinished files of a blob, the largest first. Python's own are left alone: their process may live. */
async function leftBehind(blob: string): Promise<string[]> {
  const start = `${basename(blob)}.secondpass-`
  const names = (await readdir(dirname(blob))).filter((name) => name.startsWith(start) && name.endsWith('.incomplete'))
  const paths = names.map((name) => join(dirname(blob), name))
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path).catch(() => ({ size: -1 }))).size))
  return paths
    .map((path, at) => [path, sizes[at] as number] as const)
    .sort((a, b) => b[1] - a[1])
    .map(([path]) => path)
}

/** One file to bring into the cache. */
export interface BlobSpec {
  readonly client: HubClient
  readonly context: HubContext
  readonly commit: string
  readonly file: HubFile
  readonly blob: string
  readonly lock: string
  /** Whether a blob that is there is held to its sum, and brought again when it is damaged. */
  readonly verify: boolean
  /** Called with the bytes of this file that are on disk. */
  onBytes(bytes: number): void
}

/**
 * Brings one file into the cache: whole, with the right sum, under its final name in one step, or not at all. Interrupted
 * downloads resume; while another process downloads the same file, this one waits for it.
 *
 * @throws RerankError for a wrong sum or a full disk, ProviderError for a connection that keeps failing.
 */
export async function downloadBlob(spec: BlobSpec): Promise<void> {
  await mkdir(dirname(spec.blob), { recursive: true })
  const work = async (): Promise<void> => {
    if (!(await isUsable(spec))) await fill(spec)
  }
  await withLock(spec.lock, work, spec.context.signal)
}

async function isUsable({ blob, file, verify }: BlobSpec): Promise<boolean> {
  if (!(await isThere(blob))) return false
  if (!verify || (await matchesEtag(blob, file.etag))) return true
  await rm(blob, { force: true })
  return false
}

async function fill(spec: BlobSpec): Promise<void> {
  const part = await PartFile.open(spec.blob)
  try {
    const isResumed = part.size > 0
    if (part.size > spec.file.size) await part.clear()
    await readAll(spec, part)
    if (!(await matchesEtag(part.path, spec.file.etag))) await readAgain(spec, part, isResumed)
    await part.close()
    await part.become(spec.blob)
  } catch (error) {
    await part.close().catch(() => {})
    // Half a file only takes up a full disk, and a damaged one must not be resumed.
    if (isDamage(error) || isDiskFull(error)) await part.remove()
    throw explainDisk(error, describe(spec), dirname(spec.blob))
  }
}

/** A resumed file may have been begun by a crash, so it gets one more chance from its first byte. */
async function readAgain(spec: BlobSpec, part: PartFile, isResumed: boolean): Promise<void> {
  if (isResumed) {
    await part.clear()
    await readAll(spec, part)
    if (await matchesEtag(part.path, spec.file.etag)) return
  }
  const { repo, endpoint } = spec.context.request
  const fix = `what ${new URL(endpoint).host} sent is damaged; try again, and check HF_ENDPOINT and any proxy in between`
  throw new Damage('model-files', `${spec.file.path} of ${repo} does not have the sum that it should: ${fix}.`)
}

/** Reads until the file is whole. Tries are counted anew whenever one has brought something. */
async function readAll(spec: BlobSpec, part: PartFile): Promise<void> {
  spec.onBytes(part.size)
  const pace = new Pace(spec, part.size)
  for (let attempt = 1; part.size < spec.file.size; attempt++) {
    const before = part.size
    try {
      await readSome(spec, part, pace)
      if (part.size < spec.file.size) throw cutShort(spec, part.size)
    } catch (error) {
      spec.context.signal.throwIfAborted()
      if (isDiskFull(error)) throw error
      if (part.size > before) attempt = 1
      await waitForNextTry(spec.context, attempt, error)
    }
  }
}

async function readSome(spec: BlobSpec, part: PartFile, pace: Pace): Promise<void> {
  const { client, context, commit, file, onBytes } = spec
  for await (const bytes of client.read(file, commit, part.size)) {
    context.signal.throwIfAborted()
    await part.append(bytes.subarray(0, file.size - part.size))
    onBytes(part.size)
    pace.check(part.size)
    if (part.size === file.size) return
  }
}

/** Gives up on a server that keeps a download alive with a few bytes now and then, over all tries. */
class Pace {
  readonly #spec: BlobSpec
  #since: number
  #size: number

  constructor(spec: BlobSpec, size: number) {
    this.#spec = spec
    this.#since = systemClock.now()
    this.#size = size
  }

  check(size: number): void {
    const { bytes, everyMs } = this.#spec.context.settings.slowest
    const now = systemClock.now()
    if (now - this.#since < everyMs) return
    if (size - this.#size < bytes) throw tooSlow(this.#spec, size - this.#size, now - this.#since)
    this.#since = now
    this.#size = size
  }
}

function tooSlow({ file, context }: BlobSpec, bytes: number, ms: number): ProviderError {
  const message = `${file.path} of ${context.request.repo} came too slowly (${bytes} bytes in ${Math.round(ms / 1000)} seconds): check the network and HF_ENDPOINT; the next try goes on where this one stopped.`
  return new ProviderError(message, { provider: 'hub', retryable: false })
}

class Damage extends RerankError {}

function isDamage(error: unknown): boolean {
  return error instanceof Damage
}

function describe({ file, context }: BlobSpec): string {
  return `${file.path} of ${context.request.repo} (${Math.ceil(file.size / 1e6)} MB)`
}

function cutShort({ file, context }: BlobSpec, size: number): ProviderError {
  const message = `${file.path} of ${context.request.repo} ended after ${size} of ${file.size} bytes: try again.`
  return new ProviderError(message, { provider: 'hub', retryable: true })
}
