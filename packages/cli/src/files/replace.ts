import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isatty } from 'node:tty'
import { fileError } from '../errors.js'
import { printable } from '../printable.js'
import { isPlace, targetOf } from './target.js'

/**
 * Writes a file whole or not at all: beside its place first, then renamed over what stood there, so that a crash or a full
 * disk leaves the old file. Permissions and, where allowed, the owner stay. A pipe, a terminal or a device is written to as
 * it is.
 *
 * @throws CliError when it cannot be written; the old file is then as it was.
 */
export function replaceFile(path: string, text: string): void {
  if (!isPlace(path)) return writeThrough(path, text)
  const target = targetOf(path)
  const old = statSync(target, { throwIfNoEntry: false })
  const made = join(dirname(target), `.${basename(target).slice(0, 100)}.${randomBytes(8).toString('hex')}.tmp`)
  try {
    writeNew(made, text, old)
    renameSync(made, target)
  } catch (error) {
    rmSync(made, { force: true })
    throw fileError(path, 'written', error)
  }
  syncFolder(target)
}

/**
 * Makes a folder for what a command keeps between two runs, unless it is there, with a `.gitignore` that leaves it out of
 * version control.
 *
 * @throws CliError when it cannot be made, or is no folder.
 */
export function makeIgnoredFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (error) {
    throw fileError(path, 'written', error)
  }
  const ignore = join(path, '.gitignore')
  if (!existsSync(ignore)) replaceFile(ignore, '*\n')
}

/**
 * Writes a file that is not there yet, and the folders above it.
 *
 * @throws CliError when it is there after all, or cannot be written.
 */
export function writeNewFile(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeNew(path, text, undefined)
  } catch (error) {
    throw fileError(path, 'written', error)
  }
}

function writeNew(made: string, text: string, old: Stats | undefined): void {
  // Never through a link, and never over a file: the name is new.
  const fd = openSync(made, 'wx')
  try {
    writeAll(fd, Buffer.from(text))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  if (old !== undefined) keepAccess(made, old)
}

/** Gives a new file the permissions and, as far as this user may, the owner of the one it replaces. */
export function keepAccess(made: string, old: Stats): void {
  try {
    chownSync(made, old.uid, old.gid)
  } catch {
    // Only its owner or root may; the permissions below say who may read it all the same.
  }
  chmodSync(made, old.mode & 0o7777)
}

function writeThrough(path: string, text: string): void {
  const { write, close } = openDevice(path)
  try {
    write(text)
  } finally {
    close()
  }
}

/** A pipe, a terminal or a device that is written to. */
export interface Device {
  write(this: void, text: string): void
  close(this: void): void
}

/** @throws CliError when it cannot be written to. */
export function openDevice(path: string): Device {
  const explained = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw fileError(path, 'written', error)
    }
  }
  const fd = explained(() => openSync(path, 'w'))
  const shown = isatty(fd) ? printable : (text: string): string => text
  return {
    write: (text) => explained(() => writeAll(fd, Buffer.from(shown(text)))),
    close: () => closeSync(fd),
  }
}

/** Writes all bytes: a full disk may take a part, and the next try then says why. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done)
}

/** Makes a rename outlast a loss of power, where folders can be synchronised. */
export function syncFolder(path: string): void {
  try {
    const fd = openSync(dirname(path), 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch {
    // Windows has no such thing.
  }
}
