import { fstatSync, ftruncateSync, writeSync } from 'node:fs'
import type { Output } from '../io.js'

/**
 * Stdout as it should be used. Where it was redirected to a file, Node.js forgets what did not fit of a write: here the rest
 * is tried again, and when the disk is full the file ends in a whole write. Pipes and terminals are left to Node.js.
 */
export function safeStdout(stream: NodeJS.WriteStream & { readonly fd: number }): Output {
  const { fd } = stream
  if (stream.isTTY || !isPlain(fd)) return stream
  return {
    fd,
    write(text, done) {
      try {
        writeWhole(fd, Buffer.from(text))
        done?.()
        return true
      } catch (error) {
        done?.(error as Error)
        return false
      }
    },
  }
}

/**
 * A file, or a device such as /dev/full. In large integers: the plain numbers of a pipe would be left where `realpathSync` of
 * Node.js 20 takes them for those of a folder on its way, and modules behind links are then not found.
 */
function isPlain(fd: number): boolean {
  try {
    const stats = fstatSync(fd, { bigint: true })
    return stats.isFile() || stats.isCharacterDevice()
  } catch {
    return false
  }
}

function writeWhole(fd: number, bytes: Buffer): void {
  let done = 0
  try {
    while (done < bytes.length) done += writeSync(fd, bytes, done)
  } catch (error) {
    // A part of a line is worse than none. It stands at the end: nobody else writes there while we do.
    const stats = fstatSync(fd)
    if (done > 0 && stats.isFile() && stats.size >= done) ftruncateSync(fd, stats.size - done)
    throw error
  }
}
