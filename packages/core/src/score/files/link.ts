import { randomUUID } from 'node:crypto'
import { copyFile, link, mkdir, rename, rm, stat, symlink } from 'node:fs/promises'
import { dirname, relative } from 'node:path'

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
