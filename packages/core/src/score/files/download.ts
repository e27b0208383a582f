import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ProviderError, RerankError } from '../../errors.js'
import { matchesEtag } from './checksum.js'
import { explainDisk, isDiskFull } from './disk-errors.js'
import type { HubClient, HubFile } from './hub-client.js'
import { type HubContext, pause } from './hub-fetch.js'
import { isThere } from './link.js'
import { withLock } from './lock.js'
import { PartFile } from './part-file.js'

/** One file to bring into the cache. */
export interface BlobWish {
  readonly client: HubClient
  readonly context: HubContext
  readonly commit: string
  readonly file: HubFile
  readonly blob: string
  readonly lock: string
  /** Called with the bytes of this file that are on disk. */
  onBytes(bytes: number): void
}

/**
 * Brings one file into the cache: whole, with the right sum, under its final name in one step, or not at all. What an
 * earlier process left unfinished is gone on with; while another process is at it, this one waits for that one.
 *
 * @throws RerankError for a wrong sum or a full disk, ProviderError for a connection that keeps failing.
 */
export async function downloadBlob(wish: BlobWish): Promise<void> {
  await mkdir(dirname(wish.blob), { recursive: true })
  const work = async (): Promise<void> => {
    if (!(await isThere(wish.blob))) await fill(wish)
  }
  await withLock(wish.lock, work, wish.context.signal)
}

async function fill(wish: BlobWish): Promise<void> {
  const part = await PartFile.open(wish.blob)
  try {
    const isResumed = part.size > 0
    if (part.size > wish.file.size) await part.clear()
    await readAll(wish, part)
    if (!(await matchesEtag(part.path, wish.file.etag))) await readAgain(wish, part, isResumed)
    await part.close()
    await part.become(wish.blob)
  } catch (error) {
    await part.close().catch(() => {})
    // A full disk is not helped by half a file, nor is a wrong one by going on with it.
    if (isDamage(error) || isDiskFull(error)) await part.remove()
    throw explainDisk(error, describe(wish), dirname(wish.blob))
  }
}

/** A resumed file may have been begun by a crash, so it gets one more chance from its first byte. */
async function readAgain(wish: BlobWish, part: PartFile, isResumed: boolean): Promise<void> {
  if (isResumed) {
    await part.clear()
    await readAll(wish, part)
    if (await matchesEtag(part.path, wish.file.etag)) return
  }
  const { repo, endpoint } = wish.context.request
  const fix = `what ${new URL(endpoint).host} sent is damaged; try again, and check HF_ENDPOINT and any proxy in between`
  throw new Damage('model-files', `${wish.file.path} of ${repo} does not have the sum that it should: ${fix}.`)
}

/** Reads until the file is whole. Tries are counted anew whenever one has brought something. */
async function readAll(wish: BlobWish, part: PartFile): Promise<void> {
  wish.onBytes(part.size)
  for (let attempt = 1; part.size < wish.file.size; attempt++) {
    const before = part.size
    try {
      await readSome(wish, part)
      if (part.size < wish.file.size) throw cutShort(wish, part.size)
    } catch (error) {
      wish.context.signal.throwIfAborted()
      if (isDiskFull(error)) throw error
      if (part.size > before) attempt = 1
      await pause(wish.context, attempt, error)
    }
  }
}

async function readSome({ client, context, commit, file, onBytes }: BlobWish, part: PartFile): Promise<void> {
  for await (const bytes of client.read(file, commit, part.size)) {
    context.signal.throwIfAborted()
    await part.append(bytes.subarray(0, file.size - part.size))
    onBytes(part.size)
    if (part.size === file.size) return
  }
}

class Damage extends RerankError {}

function isDamage(error: unknown): boolean {
  return error instanceof Damage
}

function describe({ file, context }: BlobWish): string {
  return `${file.path} of ${context.request.repo} (${Math.ceil(file.size / 1e6)} MB)`
}

function cutShort({ file, context }: BlobWish, size: number): ProviderError {
  const message = `${file.path} of ${context.request.repo} ended after ${size} of ${file.size} bytes: try again.`
  return new ProviderError(message, { provider: 'hub', retryable: true })
}
