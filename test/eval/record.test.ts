import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { recordSample } from '../../packages/core/src/eval/record.ts'
import { seededRandom } from '../../packages/core/src/eval/bootstrap.ts'
import { createReranker } from '../../packages/core/src/rerank.ts'
import { runCli } from '../../packages/cli/src/run.ts'
import { fakeIo } from '../cli/support.ts'
import { overlapScorer } from '../fixtures/overlap-scorer.ts'

const folder = mkdtempSync(join(tmpdir(), 'secondpass-record-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const fresh = (): string => join(folder, `sample-${files++}.jsonl`)
const plain = (): ReturnType<typeof createReranker> => createReranker({ scorer: overlapScorer() })
const linesOf = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line): unknown => JSON.parse(line))

const candidates = [
  { id: 'a', text: 'a lamp', score: 3, metadata: { secret: true } },
  { id: 'b', text: 'where the lamp is', score: 2 },
]

describe('recordSample', () => {
  it('answers as the reranker does, and writes query and candidates as a sample', async () => {
    const file = fresh()
    const reranker = recordSample(plain(), { file })
    const { results } = await reranker.rerank('where is the lamp', candidates, { topN: 1 })
    expect(results[0]?.candidate).toBe(candidates[1])
    await reranker.rerank('second', ['x', 'y'])
    await reranker.close()
    expect(linesOf(file)).toEqual([
      { query: 'where is the lamp', candidates: candidates.map(({ id, text, score }) => ({ id, text, score })) },
      { query: 'second', candidates: [{ text: 'x' }, { text: 'y' }] },
    ])
    expect(statSync(file).mode & 0o077).toBe(0)
    await expect(reranker.rerank('q', ['x'])).rejects.toMatchObject({ code: 'closed' })
    await reranker.close()
  })

  it('appends to what is there, and takes the share that was asked for', async () => {
    const file = fresh()
    writeFileSync(file, '{"query":"old","candidates":[]}\n')
    const random = seededRandom(3)
    const reranker = recordSample(plain(), { file, rate: 0.25, random })
    for (let call = 0; call < 200; call++) {
      await reranker.rerank(`q${call}`, ['x'])
      await reranker.warmup()
    }
    await reranker.close()
    const expected = seededRandom(3)
    const drawn = Array.from({ length: 200 }, (_, call) => call).filter(() => expected() < 0.25)
    expect(linesOf(file).map((line) => (line as { query: string }).query)).toEqual([
      'old',
      ...drawn.map((call) => `q${call}`),
    ])
    expect(drawn.length).toBeGreaterThan(20)
  })

  it('records what was given when it was given, and nothing that the reranker refuses', async () => {
    const file = fresh()
    const reranker = recordSample(plain(), { file })
    const mine = [{ text: 'before' }]
    const answer = reranker.rerank('q', mine)
    ;(mine[0] as { text: string }).text = 'after'
    await answer
    await expect(reranker.rerank(' ', ['x'])).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(reranker.rerank('q', [7 as never])).rejects.toMatchObject({ code: 'invalid-argument' })
    await reranker.close()
    expect(linesOf(file)).toEqual([{ query: 'q', candidates: [{ text: 'before' }] }])
  })

  it('leaves out ids of which two are equal, which calibrate would refuse', async () => {
    const file = fresh()
    const reranker = recordSample(plain(), { file })
    const chunks = ['a lamp', 'a key'].map((text) => ({ id: 'page-7', text, score: 1 }))
    await reranker.rerank('q', chunks)
    await reranker.close()
    expect(linesOf(file)).toEqual([{ query: 'q', candidates: chunks.map(({ text, score }) => ({ text, score })) }])
  })

  it('stops at its limit, says so once, and goes on answering', async () => {
    const file = fresh()
    const heard: string[] = []
    const reranker = recordSample(plain(), { file, maxMiB: 0.001, warn: (message) => heard.push(message) })
    for (let call = 0; call < 5; call++) expect((await reranker.rerank('q', ['x'.repeat(400)])).results).toHaveLength(1)
    await reranker.close()
    expect(linesOf(file)).toHaveLength(2)
    expect(heard).toEqual([
      `recordSample: nothing more is written to ${file}: it would grow beyond 0.001 MiB (maxMiB).`,
    ])
  })

  it.skipIf(process.platform !== 'linux')('never lets a full disk reach a caller', async () => {
    const heard: string[] = []
    const reranker = recordSample(plain(), { file: '/dev/full', warn: (message) => heard.push(message) })
    const answers = await Promise.all(Array.from({ length: 5 }, () => reranker.rerank('q', ['x'])))
    expect(answers.every(({ results }) => results.length === 1)).toBe(true)
    await reranker.close()
    expect(heard).toEqual([expect.stringContaining('nothing more is written to /dev/full: ENOSPC')])
  })

  it('works on a reranker that is a class with private fields, and keeps its other members', async () => {
    class Mine {
      #calls = 0
      get calls(): number {
        return this.#calls
      }
      warmup(): number {
        return this.#calls
      }
      async rerank(_query: string, list: readonly unknown[]): Promise<number> {
        this.#calls++
        return list.length
      }
      async close(): Promise<void> {
        this.#calls = -1
      }
    }
    const reranker = recordSample(new Mine(), { file: fresh() })
    expect(await reranker.rerank('q', ['x'])).toBe(1)
    expect([reranker.calls, reranker.warmup()]).toEqual([1, 1])
    await reranker.close()
    expect(reranker.calls).toBe(-1)
  })

  it('refuses wrong options and a place that cannot be written', () => {
    const file = fresh()
    expect(() => recordSample(plain(), { file: '' })).toThrow('file is "": pass the path of a file')
    expect(() => recordSample(plain(), { file, rate: 2 })).toThrow('rate is 2')
    expect(() => recordSample(plain(), { file, maxMiB: 0 })).toThrow('maxMiB is 0: pass a number above 0')
    expect(() => recordSample(undefined as never, { file })).toThrow('reranker is undefined')
    const nowhere = join(folder, 'no/such/folder/sample.jsonl')
    expect(() => recordSample(plain(), { file: nowhere })).toThrow(
      /^file is ".+": it cannot be opened for writing \(ENOENT/,
    )
  })
})

it('a recorded sample calibrates a skip policy without labels', async () => {
  const file = fresh()
  const reranker = recordSample(plain(), { file })
  for (let call = 0; call < 1200; call++) {
    const leads = call % 2 === 0
    const right = { id: 'right', text: `the lamp of house ${call} is here`, score: leads ? 9 : 1 }
    const wrong = { id: 'wrong', text: 'nothing', score: leads ? 1 : 1.01 }
    const list = leads ? [right, wrong] : [wrong, right]
    await reranker.rerank(`where is the lamp of house ${call}`, [...list, { id: 'third', text: 'nobody', score: 0.9 }])
  }
  await reranker.close()
  const scorer = join(folder, 'scorer.mjs')
  writeFileSync(
    scorer,
    `const words = (text) => new Set(text.toLowerCase().match(/[a-z0-9]+/g) ?? [])
export default { id: 'words', scope: 'pair', async score(query, texts) {
  const wanted = words(query)
  return texts.map((text) => [...words(text)].filter((word) => wanted.has(word)).length)
} }`,
  )
  const io = fakeIo()
  const output = join(folder, 'calibration.json')
  const state = join(folder, 'state')
  const args = ['calibrate', '--input', file, '--unlabelled', '--scorer', scorer, '--output', output, '--state', state]
  expect(await runCli([...args, '--json'], io)).toBe(0)
  expect(JSON.parse(io.written.stdout)).toMatchObject({ outcome: 'promised', file: { promise: { truth: 'reranker' } } })
})
