import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { RerankError } from '../../base/errors.js'
import { checkSafeName, graphFiles, matchesEtag, optionalFiles, requiredFiles, sha256Of } from './layout.js'

/*
 * Whether the files of a model are what they were published as. A folder may come with its sums, in SHA256SUMS; in the
 * cache of the hub the name of a blob is its sum; what a folder without either holds is the caller's affair.
 */

/** A model on disk, as far as its files are checked. */
export interface VerifiedFolder {
  readonly path: string
  readonly graphPath: string
  /** The sha256 that SHA256SUMS itself must have, for a model of our own. */
  readonly sumsDigest?: string | undefined
}

/**
 * Checks every file that scores depend on, before the first of them is used.
 *
 * @throws RerankError `'model-files'` when a sum differs, or SHA256SUMS leaves out a file without which there is no score.
 */
export async function verifyFolder(folder: VerifiedFolder): Promise<void> {
  const files = filesOf(folder)
  const sumsFile = join(folder.path, 'SHA256SUMS')
  if (folder.sumsDigest !== undefined) await checkOwnSums(sumsFile, folder.sumsDigest)
  // In the cache, sums that somebody uploaded beside a model are worth less than those the hub made.
  const isCached = basename(dirname(folder.path)) === 'snapshots'
  if (isCached || !existsSync(sumsFile)) return verifyBlobs(folder.path, files)
  await verifySums(folder.path, await readSums(sumsFile), files)
}

/** What scores depend on, by its path in the folder: first what a score cannot be without. */
function filesOf({ path, graphPath }: VerifiedFolder): {
  readonly needed: readonly string[]
  readonly all: readonly string[]
} {
  const inFolder = (file: string): string => relative(path, file).split(sep).join('/')
  const needed = [...requiredFiles, ...graphFiles(graphPath).map(inFolder)]
  const optional = optionalFiles.filter((file) => existsSync(join(path, file)))
  return { needed, all: [...new Set([...needed, ...optional])] }
}

async function checkOwnSums(sumsFile: string, expected: string): Promise<void> {
  const found = existsSync(sumsFile) ? await sha256Of(sumsFile) : 'none'
  if (found === expected) return
  const fix = 'it is not the model that was published; install the package again'
  throw new RerankError('model-files', `${sumsFile} has sha256 ${found}, and ${expected} is due: ${fix}.`)
}

/**
 * Lines of `SHA256SUMS`, by file: 64 hex digits, two spaces (or space and asterisk), a file name.
 *
 * @throws RerankError `'model-files'` for any other line, and for none.
 */
export async function readSums(sumsFile: string): Promise<ReadonlyMap<string, string>> {
  const sums = new Map<string, string>()
  for (const line of (await readFile(sumsFile, 'utf8')).split('\n').filter((one) => one.trim() !== '')) {
    const [, sum, file] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line.trim()) ?? []
    if (sum === undefined || file === undefined) {
      throw new RerankError(
        'model-files',
        `${sumsFile} has the line ${JSON.stringify(line.slice(0, 200))}: restore the file.`,
      )
    }
    checkSafeName(file)
    sums.set(file, sum)
  }
  return sums
}

async function verifySums(
  path: string,
  sums: ReadonlyMap<string, string>,
  { needed }: ReturnType<typeof filesOf>,
): Promise<void> {
  const missing = needed.filter((file) => !sums.has(file))
  if (missing.length > 0) {
    const fix = 'restore the file from the model it came with, or remove it if nobody needs it'
    throw new RerankError('model-files', `${join(path, 'SHA256SUMS')} has no sum of ${missing.join(', ')}: ${fix}.`)
  }
  for (const [file, expected] of sums) {
    const place = join(path, file)
    if (!existsSync(place)) {
      throw new RerankError('model-files', `The model folder ${path} has no ${file}: copy it from the model.`)
    }
    const found = await sha256Of(place)
    if (found === expected) continue
    const fix = 'the file is damaged or was changed; restore it from the model it came with'
    throw new RerankError('model-files', `${place} has sha256 ${found}, SHA256SUMS says ${expected}: ${fix}.`)
  }
}

/** Checks what is in a cache of the hub, or leads there, against the names of the blobs. */
async function verifyBlobs(path: string, { all }: ReturnType<typeof filesOf>): Promise<void> {
  for (const file of all) {
    const place = join(path, file)
    if ((await isIntact(place, path)) !== false) continue
    const repo = /models--(.+)/.exec(basename(dirname(dirname(path))))?.[1]?.replace('--', '/')
    const again = repo === undefined ? 'download the model again' : `run "secondpass fetch-model ${repo} --verify"`
    const fix = `the file is damaged; ${again}, or delete it`
    throw new RerankError('model-files', `${place} does not have the sum that its place in the cache names: ${fix}.`)
  }
}

/** A name in the cache that is a sum: a sha256, or the id that git gives. */
const SUM = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/** Whether a file is what the cache says; nothing when the cache does not say. */
async function isIntact(file: string, snapshot: string): Promise<boolean | undefined> {
  const real = await realpath(file)
  const name = basename(real)
  if (basename(dirname(real)) === 'blobs') return SUM.test(name) ? matchesEtag(real, name) : undefined
  return isCopyIntact(real, join(snapshot, '..', '..', 'blobs'))
}

/** Where links are not allowed the snapshot holds a copy, and which blob it is of shows only by its size. */
async function isCopyIntact(file: string, blobs: string): Promise<boolean | undefined> {
  const { size } = await stat(file)
  const names = (await readdir(blobs).catch(() => [])).filter((name) => SUM.test(name))
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(blobs, name)).catch(() => undefined))?.size),
  )
  const alike = names.filter((_, at) => sizes[at] === size)
  for (const name of alike) if (await matchesEtag(file, name)) return true
  return alike.length > 0 ? false : undefined
}

const POINTER = 'version https://git-lfs.github.com/spec/'

/**
 * Refuses what Git leaves in place of a large file when Git LFS is not installed.
 *
 * @throws RerankError `'model-files'`.
 */
export function refusePointer(file: string): void {
  const handle = openSync(file, 'r')
  try {
    const start = Buffer.alloc(POINTER.length)
    readSync(handle, start, 0, start.length, 0)
    if (start.toString('latin1') !== POINTER) return
    const fix = 'run "git lfs install" and "git lfs pull" where it was cloned, or download the file itself'
    throw new RerankError('model-files', `${file} is a pointer of Git LFS and not the file itself: ${fix}.`)
  } finally {
    closeSync(handle)
  }
}
