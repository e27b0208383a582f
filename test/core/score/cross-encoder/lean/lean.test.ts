import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type CrossEncoder,
  crossEncoder,
  openCrossEncoder,
} from '../../../../../packages/core/src/score/cross-encoder/cross-encoder.ts'
import type { CrossEncoderOptions } from '../../../../../packages/core/src/score/cross-encoder/options.ts'
import { callOf } from '../../../../contract/fake-scorer.ts'

const stock = join(import.meta.dirname, '../../../../fixtures/tiny-bert-stock')
const query = 'where does the river go'
const texts = ['the old mill on the river', 'the clock tower is blue', 'water']

let place: string
let folder: string
let cache: string
let warnings: string[]
const listen = (warning: Error): void => void warnings.push(warning.message)

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'secondpass-lean-'))
  folder = join(place, 'model')
  cache = join(place, 'home', 'secondpass')
  cpSync(stock, folder, { recursive: true })
  vi.stubEnv('HF_HOME', join(place, 'home'))
  warnings = []
  process.on('warning', listen)
})
afterEach(() => {
  process.off('warning', listen)
  vi.unstubAllEnvs()
  rmSync(place, { recursive: true })
})

interface Loaded {
  readonly scores: readonly number[]
  readonly id: string
  readonly graph: CrossEncoder['graph']
}

async function load(options: CrossEncoderOptions = {}, make = crossEncoder): Promise<Loaded> {
  await using scorer = make({ model: folder, ...options })
  const scores = await scorer.score(query, texts, callOf())
  // Warnings are emitted in a turn of their own.
  await new Promise((resolve) => setImmediate(resolve))
  return { scores, id: scorer.id, graph: scorer.graph }
}

const kept = (): string[] => readdirSync(cache).sort()
const close = (one: readonly number[], other: readonly number[]): number =>
  one.reduce((most, score, at) => Math.max(most, Math.abs(score - (other[at] as number))), 0)
const setConfig = (settings: object): void => {
  const file = join(folder, 'config.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...settings }))
}

describe('a stock graph of a BERT', () => {
  it('is written anew at the first load, kept, and taken from the cache by the next', async () => {
    const original = await load({ graph: 'original' })
    expect(original.graph).toEqual({ kind: 'original' })
    const first = await load()
    expect(first.graph).toEqual({ kind: 'lean' })
    expect(close(first.scores, original.scores)).toBeLessThan(1e-4)
    expect(first.id).toBe(original.id)
    const files = kept()
    expect(files.map((file) => file.split('.').at(-1))).toEqual(['json', 'onnx'])
    expect(await load()).toEqual(first)
    expect(kept()).toEqual(files)
    expect(warnings).toEqual([])
  })

  it('is rounded to bytes where int8 is asked for, under an id of its own', async () => {
    const [original, rounded] = [await load({ graph: 'original' }), await load({ dtype: 'int8' })]
    expect(rounded.graph).toEqual({ kind: 'lean' })
    expect(rounded.id).toBe(`${original.id}:lean-int8`)
    expect(close(rounded.scores, original.scores)).toBeGreaterThan(0)
    expect(close(rounded.scores, original.scores)).toBeLessThan(0.5)
    expect(await load({ dtype: 'int8' })).toEqual(rounded)
  })

  it('is made again where what is kept is damaged, and where the model is another', async () => {
    const first = await load()
    const [, graph] = kept() as [string, string]
    writeFileSync(join(cache, graph), readFileSync(join(cache, graph)).fill(0, 1000, 2000))
    expect((await load()).scores).toEqual(first.scores)
    setConfig({ invented: 'setting' })
    await load()
    expect(kept()).toHaveLength(4)
  })

  it('is made once or several times by scorers that load at once, and never half', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => load()))
    for (const one of all) expect(one).toEqual(all[0])
    expect(kept()).toHaveLength(2)
  })

  it('lives in memory where the cache cannot be written', async () => {
    mkdirSync(join(place, 'home'))
    // A file where the folder should be: nobody can write there, root neither.
    writeFileSync(cache, '')
    const original = await load({ graph: 'original' })
    const made = await load()
    expect(made.graph).toEqual({ kind: 'lean' })
    expect(close(made.scores, original.scores)).toBeLessThan(1e-4)
    expect(warnings).toEqual([])
  })

  it('leaves no file behind where nothing is to be kept', async () => {
    const made = await load({}, (options) => openCrossEncoder(options ?? {}, false))
    expect(made.graph).toEqual({ kind: 'lean' })
    expect(() => kept()).toThrow('ENOENT')
  })

  it('leaves the folder of the model as it was', async () => {
    const before = readdirSync(folder)
    chmodSync(folder, 0o555)
    await load()
    expect(readdirSync(folder)).toEqual(before)
    chmodSync(folder, 0o755)
  })
})

describe('a model that is not what its files say', () => {
  it('runs as it is, with a warning that says why, and is not tried again', async () => {
    const original = await load({ graph: 'original' })
    // The graph computes with two heads: what is made of four has other logits, and is found out.
    setConfig({ num_attention_heads: 4 })
    const found = await load({ dtype: 'int8' })
    expect(found.graph?.kind).toBe('original')
    expect(found.scores).toEqual(original.scores)
    expect(found.id).not.toContain('lean')
    const plain = await load()
    expect(plain).toMatchObject({
      scores: original.scores,
      graph: { reason: expect.stringContaining('a dozen pairs') },
    })
    expect(warnings.at(-1)).toMatch(/runs as it is: no lean graph.*a dozen pairs.*graph: 'original'/)
    expect(kept().every((file) => file.endsWith('.json'))).toBe(true)
    expect((await load()).graph).toEqual(plain.graph)
  })

  it('runs as it is where its kind is not known, without a word', async () => {
    setConfig({ model_type: 'mobilebert' })
    expect((await load()).graph).toEqual({ kind: 'original' })
    expect(warnings).toEqual([])
  })
})
