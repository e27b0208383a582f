import { accessSync, type BigIntStats, closeSync, constants, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename, dirname, resolve, sep } from 'node:path'
import { CliError, fileError, misuse, usageError } from '../errors.js'
import type { Io } from '../io.js'
import { lookAt, targetOf } from './target.js'

/** A file that the command line names, and by which option. */
export interface NamedFile {
  readonly option: string
  readonly path: string
}

/** What is read. */
export interface InputFile extends NamedFile {
  /** `true`: read more than once, so that a pipe will not do. */
  readonly again?: boolean
  /** `true`: a folder, all of whose files are read. */
  readonly folder?: boolean
  /** `true`: read at places in the middle, so that it may not be packed. */
  readonly unpacked?: boolean
}

/**
 * Looks at everything that a command reads and writes before it touches anything: inputs are there and may be read, places
 * of outputs may be written, no output is an input, and no two outputs are one file. Files are compared by what they are:
 * a link, another spelling, another case or a redirected stream is the same file.
 *
 * @throws CliError that names option and file.
 */
export function checkFiles(inputs: readonly InputFile[], outputs: readonly NamedFile[], io: Io): void {
  const read = [...inputs.map(openInput), ...streamOf(io.stdin.fd, 'stdin')]
  const written = [...streamOf(io.stdout.fd, 'stdout'), ...outputs.map(lookAtOutput)]
  for (const [at, output] of written.entries()) {
    const input = read.find((other) => isPart(output, other))
    if (input !== undefined) {
      const fix = 'which must stay as it is: write to another file'
      throw misuse(`${titleOf(output)}: it is the input (${titleOf(input)}), ${fix}`)
    }
    const twin = written.slice(0, at).find((other) => isSame(output, other))
    if (twin !== undefined) throw misuse(`${titleOf(output)}: ${titleOf(twin)} is the same file: name another`)
  }
}

/** A file and what tells it from others. */
interface Known extends NamedFile {
  /** Of the file; missing when there is none yet, or none that could be harmed: a pipe, a terminal, a device. */
  readonly id?: string | undefined
  /** Where it will be made: its folder, and its name in there. */
  readonly place?: { readonly folder: string | undefined; readonly name: string } | undefined
  readonly folder?: boolean | undefined
}

function titleOf({ option, path }: NamedFile): string {
  return path === '' ? option : `${option} ${path}`
}

/** Two names that differ only in case, or in how an accent is written, are one file on some systems. */
const sameName = new Intl.Collator('en', { sensitivity: 'accent' })

function isSame(one: Known, other: Known): boolean {
  if (one.id !== undefined && one.id === other.id) return true
  const [place, taken] = [one.place, other.place]
  if (place === undefined || taken === undefined || place.folder !== taken.folder) return false
  return sameName.compare(place.name, taken.name) === 0
}

/** Whether an output is an input, or would stand in a folder that is one. */
function isPart(output: Known, input: Known): boolean {
  return isSame(output, input) || (input.folder === true && output.path !== '' && isInside(output.path, input.id))
}

function isInside(path: string, folder: string | undefined): boolean {
  for (let at = dirname(resolve(path)); ; at = dirname(at)) {
    if (idOf(lookAt(at)) === folder) return true
    if (at === dirname(at)) return false
  }
}

function openInput({ option, path, again, folder, unpacked }: InputFile): Known {
  if (isStdin(path)) {
    if (again === true) throw misuse(`${option} is "${path}": it is read more than once here, so name a file`)
    return { option, path }
  }
  if (path === '') throw usageError(option, path, 'name a file')
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    const packed = `${path}.gz`
    const hint = existsSync(packed) ? `, but there is ${packed}: name that, or unpack it` : ''
    throw hint === ''
      ? fileError(path, 'read', error)
      : new CliError(`${path} cannot be read: there is no such file${hint}`)
  }
  const stats = lookAt(path)
  if (folder === true) return { option, path, folder, id: idOf(stats) }
  if (stats?.isDirectory() === true) throw fileError(path, 'read', { code: 'EISDIR' })
  if (again === true && stats?.isFile() === false) {
    throw misuse(`${option} ${path}: it is a pipe or a device, and is read more than once here: name a file`)
  }
  if (unpacked === true && isPacked(path)) {
    throw new CliError(`${path} cannot be read: it is packed by gzip, and is read at many places; unpack it`)
  }
  return { option, path, id: stats?.isFile() === true ? idOf(stats) : undefined }
}

function isPacked(path: string): boolean {
  const fd = openSync(path, 'r')
  const head = Buffer.alloc(2)
  readSync(fd, head)
  closeSync(fd)
  return head.equals(Buffer.from([0x1f, 0x8b]))
}

/** Whether a path means the standard input, which cannot be read twice. */
export function isStdin(path: string): boolean {
  const isName = path === '-' || ['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'].includes(path)
  return isName && lookAt(path)?.isFile() !== true
}

function lookAtOutput({ option, path }: NamedFile): Known {
  if (path === '') throw usageError(option, path, 'name a file')
  const stats = lookAt(path)
  const isFolder = stats?.isDirectory() === true || path.endsWith('/') || path.endsWith(sep)
  if (isFolder) throw fileError(path, 'written', { code: 'EISDIR' })
  if (stats !== undefined && !stats.isFile()) return { option, path }
  const target = targetOf(path)
  const folder = lookAt(dirname(target))
  try {
    if (stats !== undefined) accessSync(path, constants.W_OK)
    accessSync(dirname(target), constants.W_OK)
  } catch (error) {
    throw fileError(path, 'written', error)
  }
  if (stats !== undefined) return { option, path, id: idOf(stats) }
  return { option, path, place: { folder: idOf(folder), name: basename(target) } }
}

/** What a standard stream was redirected to; a stream that is no file harms none. */
function streamOf(fd: number | undefined, option: string): Known[] {
  try {
    const stats = fd === undefined ? undefined : fstatSync(fd, { bigint: true })
    return stats?.isFile() === true ? [{ option, path: '', id: idOf(stats) }] : []
  } catch {
    return []
  }
}

function idOf(stats: BigIntStats | undefined): string | undefined {
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`
}
