import { usageError } from '../errors.js'

/** Which lines of the input one process takes. */
export interface Shard {
  /** 0-based. */
  readonly index: number
  readonly count: number
}

/**
 * Reads `i/n`. Job engines count from 0 (Kubernetes, Slurm, Ray), build servers from 1: both work, because `n/n` is the
 * same shard as `0/n`.
 */
export function readShard(text: string): Shard {
  const [, i = '', n = ''] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? []
  const [index, count] = [Number(i), Number(n)]
  const fix = 'write i/n with i from 0 to n - 1 (or from 1 to n), for example 0/4'
  if (i === '' || count < 1 || index > count) throw usageError('--shard', text, fix)
  return { index: index % count, count }
}

/** Whether a line belongs to a shard. It depends on the number of the line alone, so nothing has to be read ahead. */
export function isOwn({ index, count }: Shard, lineNumber: number): boolean {
  return (lineNumber - 1) % count === index
}
