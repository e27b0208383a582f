import { show, usageError } from '../errors.js'

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

/**
 * Applies `work` to each item, at most `concurrency` at a time, and gives the answers in the order of the items. Reads no
 * further ahead than it works, so a source of any size takes the memory of a few items. When an item fails, or the source
 * does, the answers before it are still given and those after it are not.
 */
export async function* mapInOrder<T, U>(
  source: AsyncIterable<T>,
  concurrency: number,
  work: (item: T) => Promise<U>,
): AsyncGenerator<U> {
  const items = source[Symbol.asyncIterator]()
  const underWay: Promise<U>[] = []
  let fault: { readonly error: unknown } | undefined
  try {
    for (;;) {
      const next = await items.next().catch((error: unknown) => void (fault = { error }))
      if (next === undefined || next.done === true) break
      const answer = work(next.value)
      // It is awaited in its turn; until then its failure is not unhandled.
      answer.catch(() => undefined)
      underWay.push(answer)
      if (underWay.length >= concurrency) yield await (underWay.shift() as Promise<U>)
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<U>)
    if (fault !== undefined) throw fault.error
  } finally {
    await Promise.allSettled(underWay)
    await items.return?.()
  }
}

/** What must be equal for two runs to belong to the same output. */
export type Settings = Readonly<Record<string, unknown>>

/** In words, what one setting was and now is; nothing when all are equal. */
export function firstDifference(before: Settings, now: Settings): string | undefined {
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [was, is] = [before[name], now[name]]
    if (JSON.stringify(was) !== JSON.stringify(is))
      return `${name} ${show(was ?? null)}, and now it is ${show(is ?? null)}`
  }
  return undefined
}
