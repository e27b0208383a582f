import { type Hash, createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

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
