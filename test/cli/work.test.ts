import { describe, expect, it } from 'vitest'
import { firstDifference, mapInOrder } from '../../packages/cli/src/work/batch.ts'
import { isOwn, readShard } from '../../packages/cli/src/work/batch.ts'

describe('shards', () => {
  it('take every line once', () => {
    const shards = [0, 1, 2].map((index) => readShard(`${index}/3`))
    for (let line = 1; line <= 20; line++) expect(shards.filter((shard) => isOwn(shard, line))).toHaveLength(1)
  })

  it('are the same counted from 0 or from 1, so that no convention loses a line', () => {
    expect(readShard('3/3')).toEqual(readShard('0/3'))
    expect(readShard('1/1')).toEqual({ index: 0, count: 1 })
  })

  it.each(['4/3', '1/0', '-1/3', '1', '1/3/5', 'a/b', '', '1.5/2', ' 1/2'])('refuse "%s"', (text) => {
    expect(() => readShard(text)).toThrow('write i/n')
  })
})

async function* items(count: number, failAt = Infinity): AsyncGenerator<number> {
  for (let item = 0; item < count; item++) {
    if (item === failAt) throw new Error('source')
    yield item
  }
}

async function collect(answers: AsyncIterable<number>): Promise<{ given: number[]; error?: unknown }> {
  const given: number[] = []
  try {
    for await (const answer of answers) given.push(answer)
  } catch (error) {
    return { given, error: (error as Error).message }
  }
  return { given }
}

describe('mapInOrder', () => {
  it('answers in the order of the items, however long each takes, and never has more under way than allowed', async () => {
    let underWay = 0
    let most = 0
    const waiting: (() => void)[] = []
    const answers = mapInOrder(items(6), 3, async (item) => {
      most = Math.max(most, ++underWay)
      // Later items end first.
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
        if (waiting.length === 3)
          waiting
            .splice(0)
            .reverse()
            .forEach((end) => end())
      })
      underWay -= 1
      return item * 10
    })
    expect(await collect(answers)).toEqual({ given: [0, 10, 20, 30, 40, 50] })
    expect(most).toBe(3)
  })

  it.each([1, 3])('gives what stood before a failure and nothing behind it, %i at a time', async (concurrency) => {
    const work = async (item: number): Promise<number> => {
      if (item === 2) throw new Error('work')
      return item
    }
    expect(await collect(mapInOrder(items(6), concurrency, work))).toEqual({ given: [0, 1], error: 'work' })
  })

  it.each([1, 3])('gives what was read before the source failed, %i at a time', async (concurrency) => {
    const answers = mapInOrder(items(6, 4), concurrency, async (item) => item)
    expect(await collect(answers)).toEqual({ given: [0, 1, 2, 3], error: 'source' })
  })
})

describe('settings', () => {
  it('differ where one is new, gone or another', () => {
    expect(firstDifference({ a: 1 }, { a: 1, b: 2 })).toBe('b null, and now it is 2')
    expect(firstDifference({ a: 1, b: [2] }, { b: [2], a: 1 })).toBeUndefined()
  })
})
