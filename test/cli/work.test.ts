import { appendFileSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { AppendFile } from '../../packages/cli/src/output/append-file.ts'
import { mapInOrder } from '../../packages/cli/src/work/batch.ts'
import { claimOutput, firstDifference } from '../../packages/cli/src/work/batch.ts'
import { isOwn, readShard } from '../../packages/cli/src/work/batch.ts'
import { folderWith } from './support.ts'

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

describe('AppendFile', () => {
  it('cuts off a torn last line, and goes on behind the last whole one', () => {
    const path = folderWith()('out.jsonl')
    const first = new AppendFile(path)
    first.add('one')
    first.add('two')
    first.close()
    appendFileSync(path, '{"torn')
    const second = new AppendFile(path)
    expect(second.lastLine()).toBe('two')
    second.add('three')
    second.close()
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nthree\n')
  })

  it('finds the last line when it is longer than what is read at once', () => {
    const path = folderWith({ out: `short\n${'ä'.repeat(100_000)}\n` })('out')
    const file = new AppendFile(path)
    expect(file.lastLine()).toBe('ä'.repeat(100_000))
    file.close()
  })

  it('empties a file that holds nothing but a torn line', () => {
    const path = folderWith({ out: 'x'.repeat(200_000) })('out')
    const file = new AppendFile(path)
    expect(file.lastLine()).toBeUndefined()
    file.close()
    expect(readFileSync(path, 'utf8')).toBe('')
  })

  it('says which file cannot be written', () => {
    const path = folderWith()('no/such/folder')
    expect(() => new AppendFile(path)).toThrow(`${path} cannot be written`)
  })
})

describe('claimOutput', () => {
  it('lets a run with the same settings go on, and names the setting that differs', () => {
    const path = folderWith()('out')
    claimOutput(path, { shard: '0/2', topN: null })
    appendFileSync(path, 'line\n')
    expect(() => claimOutput(path, { shard: '0/2', topN: null })).not.toThrow()
    expect(() => claimOutput(path, { shard: '1/2', topN: null })).toThrow(
      'was begun with shard "0/2", and now it is "1/2"',
    )
  })

  it('refuses a file that nobody says how to continue', () => {
    const path = folderWith({ out: 'precious\n' })('out')
    expect(() => claimOutput(path, {})).toThrow('name another file')
    expect(readFileSync(path, 'utf8')).toBe('precious\n')
  })

  it('sees a setting that is new or gone', () => {
    expect(firstDifference({ a: 1 }, { a: 1, b: 2 })).toBe('b null, and now it is 2')
    expect(firstDifference({ a: 1, b: [2] }, { b: [2], a: 1 })).toBeUndefined()
  })
})
