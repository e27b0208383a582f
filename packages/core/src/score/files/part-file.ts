import { randomUUID } from 'node:crypto'
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Where the bytes of a blob go until they are whole: `ETAG.secondpass-XXXXXXXX.incomplete`, beside the blob. The name is
 * this process's own, as Python's is, so that two processes never write one file.
 */
export class PartFile {
  readonly path: string
  /** Bytes on disk. */
  size: number
  readonly #handle: FileHandle

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path
    this.size = size
    this.#handle = handle
  }

  /** Goes on from what an earlier process left behind, or begins. To be called under the lock of the blob. */
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
