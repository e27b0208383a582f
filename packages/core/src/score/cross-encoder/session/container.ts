import { readFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'

/*
 * What a container leaves of a machine. Node.js counts the cores that the process may be put on; a quota of processor time,
 * which is how containers are limited, is read here from the control groups of Linux, of either version.
 */

/** Reads a small file. @throws when there is none. */
export type ReadFile = (path: string) => string

const onDisk: ReadFile = (path) => readFileSync(path, 'utf8')

/** Cores that a process of this container may keep busy: whole ones, at least 1. */
export function usableCores(read: ReadFile = onDisk, cores: number = availableParallelism()): number {
  const quotas = groupFolders(read, 'cpu').flatMap((folder) => {
    const [quota, period] = (numbersIn(read, `${folder}/cpu.max`) ?? [
      ...(numbersIn(read, `${folder}/cpu.cfs_quota_us`) ?? []),
      ...(numbersIn(read, `${folder}/cpu.cfs_period_us`) ?? []),
    ]) as (number | undefined)[]
    return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? [quota / period] : []
  })
  return Math.max(1, Math.floor(least(cores, quotas)))
}

/** Bytes of memory that this container may take. */
export function usableMemory(read: ReadFile = onDisk, bytes: number = totalmem()): number {
  const limits = groupFolders(read, 'memory').flatMap((folder) => {
    const [limit] = numbersIn(read, `${folder}/memory.max`) ?? numbersIn(read, `${folder}/memory.limit_in_bytes`) ?? []
    return limit !== undefined && limit > 0 ? [limit] : []
  })
  return least(bytes, limits)
}

function least(first: number, others: readonly number[]): number {
  return others.reduce((one, other) => Math.min(one, other), first)
}

/** The folders of the groups that this process is in, with those above, whose limits hold as well. */
function groupFolders(read: ReadFile, controller: 'cpu' | 'memory'): readonly string[] {
  const root = '/sys/fs/cgroup'
  const folders = new Set([root, `${root}/${controller}`])
  for (const line of textOf(read, '/proc/self/cgroup').split('\n')) {
    const [, names = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (names !== '' && !names.split(',').includes(controller)) continue
    const parts = path.split('/').filter((part) => part !== '' && part !== '..')
    const start = names === '' ? root : `${root}/${controller}`
    for (let length = 1; length <= parts.length; length++) folders.add(`${start}/${parts.slice(0, length).join('/')}`)
  }
  return [...folders]
}

/** The numbers of a file; `max` is none. */
function numbersIn(read: ReadFile, path: string): readonly number[] | undefined {
  const text = textOf(read, path).trim()
  return text === '' ? undefined : text.split(/\s+/).map((word) => (word === 'max' ? Infinity : Number(word)))
}

function textOf(read: ReadFile, path: string): string {
  try {
    return read(path)
  } catch {
    // Not Linux, or another version of the control groups.
    return ''
  }
}
