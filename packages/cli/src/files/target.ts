import { type BigIntStats, lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { CliError, fileError } from '../errors.js'

/**
 * What stands at a path, links followed; nothing when nothing does.
 *
 * @throws CliError when that cannot be found out.
 */
export function lookAt(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true })
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw fileError(path, 'read', error)
  }
}

/** Whether it is a file, or could become one: no folder, pipe, terminal or device stands there. */
export function isPlace(path: string): boolean {
  return lookAt(path)?.isFile() ?? true
}

const MOST_LINKS = 40

/**
 * The file that a path leads to, links followed unless told otherwise, though it may not exist yet: what is made beside it and then renamed must
 * stand in its folder, and two links to one output are one output.
 *
 * @throws CliError when its folder does not exist, or links lead in a circle.
 */
export function targetOf(path: string, { follow = true }: { readonly follow?: boolean } = {}): string {
  let place = resolve(path)
  try {
    for (let links = 0; links < MOST_LINKS; links++) {
      place = join(realpathSync(dirname(place)), basename(place))
      if (!follow || lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return place
      place = resolve(dirname(place), readlinkSync(place))
    }
  } catch (error) {
    throw fileError(path, 'written', error)
  }
  throw new CliError(`${path} cannot be written: its links lead in a circle`)
}
