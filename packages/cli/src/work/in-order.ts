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
      // It is awaited in its turn; until then its failure is nobody's.
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
