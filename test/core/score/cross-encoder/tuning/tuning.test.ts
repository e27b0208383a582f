import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { crossEncoder as builtCrossEncoder } from '@secondpass/core'
import { systemClock } from '../../../../../packages/core/src/base/clock.ts'
import { crossEncoder, openCrossEncoder } from '../../../../../packages/core/src/score/cross-encoder/cross-encoder.ts'
import { usableCores } from '../../../../../packages/core/src/score/cross-encoder/session/container.ts'
import {
  place,
  placeOf,
  type TuningRequest,
} from '../../../../../packages/core/src/score/cross-encoder/tuning/tuning.ts'
import { callOf } from '../../../../contract/fake-scorer.ts'

const stock = join(import.meta.dirname, '../../../../fixtures/tiny-bert-stock')
const both = { threads: 'measured', workers: 0 } as const
const texts = ['the old mill on the river', 'the clock tower is blue', 'water']

let home: string
let cache: string
let model: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'secondpass-tuning-'))
  cache = join(home, 'secondpass')
  model = join(home, 'model')
  cpSync(stock, model, { recursive: true })
  vi.stubEnv('HF_HOME', home)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

/** A model that nothing was measured with before, whatever other tests of this process did. */
async function request(changes: { readonly keeps?: boolean } = {}): Promise<TuningRequest> {
  await using scorer = openCrossEncoder({ model, graph: 'original' }, true)
  await scorer.warmup()
  return { ...(scorer.tuning as TuningRequest), ...changes }
}

const files = (): string[] =>
  (existsSync(cache) ? readdirSync(cache) : []).filter((name) => name.startsWith('measured'))
const json = (file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>

/** A clock by which every run takes a second: no more are made than there have to be. */
function hurried(): typeof systemClock {
  let now = 0
  return { ...systemClock, now: () => (now += 1000) }
}

/** Fails where something is measured. */
const broken = {
  ...systemClock,
  now: () => {
    throw new Error('it was measured')
  },
}

describe('what pays off', () => {
  it('is measured once, kept in the cache, and read from there', async () => {
    const asked = await request()
    const placement = await place(asked, both, { cores: 2 })
    expect([1, 2]).toContain(placement.threads)
    const [name, ...others] = files()
    expect(others).toEqual([])
    const file = join(cache, name as string)
    expect(json(file)).toMatchObject({
      machine: { cores: 2, arch: process.arch, runtime: expect.stringMatching(/^\d/) },
      model: asked.model.id,
      graph: 'original',
      measured: { threads: [{ count: 1 }, { count: 2 }] },
    })
    // What is kept decides, not what this process remembers.
    const steps = (two: number): object[] => [
      { count: 1, pairMs: 10 },
      { count: 2, pairMs: two },
    ]
    for (const [two, threads] of [
      [4, 2],
      [9, 1],
    ] as const) {
      writeFileSync(file, JSON.stringify({ ...json(file), measured: { threads: steps(two) } }))
      expect(await place(asked, both, { cores: 2, clock: broken })).toEqual({ workers: 0, threads })
    }
  })

  it('is measured again with other cores and another model, and a part that is missing alone', async () => {
    const asked = await request()
    await place(asked, both, { cores: 2, clock: hurried() })
    await place(asked, both, { cores: 3, clock: hurried() })
    expect(files()).toHaveLength(2)
    await place({ ...asked, model: { ...asked.model, id: 'another' } }, both, { cores: 2, clock: hurried() })
    await place({ ...asked, session: { ...asked.session, spinning: true } }, both, { cores: 2, clock: hurried() })
    expect(files()).toHaveLength(4)
    const { path } = await placeOf(asked, 2)
    const { threads } = json(path)['measured'] as { threads: object }
    const placement = await place(asked, { threads: 'measured', workers: 'measured' }, { cores: 2, clock: hurried() })
    expect([1, 2]).toContain(placement.workers)
    expect(json(path)['measured']).toEqual({ threads, workers: expect.any(Array) })
    expect(files()).toHaveLength(4)
  })

  it.each([
    '',
    '{"measured":',
    '{"measured":{"threads":"two"}}',
    '{"measured":{"threads":[{"count":0.5,"pairMs":1}]}}',
  ])('is measured again where the file holds %j', async (content) => {
    const asked = await request()
    const { path, read } = await placeOf(asked, 2)
    mkdirSync(cache, { recursive: true })
    writeFileSync(path, content)
    expect(await read()).toBeUndefined()
    await place(asked, both, { cores: 2, clock: hurried() })
    expect((await read())?.threads).toHaveLength(2)
  })

  it('is measured by one of those who ask at once', async () => {
    const asked = await request()
    let readings = 0
    const counting = { ...systemClock, now: () => (readings++, systemClock.now()) }
    const [first, second] = await Promise.all([
      place(asked, both, { cores: 2, clock: counting }),
      place(asked, both, { cores: 2, clock: broken }),
    ])
    expect(second).toEqual(first)
    expect(readings).toBeGreaterThan(0)
  })

  it('is remembered where the cache cannot be written, and nothing is written elsewhere', async () => {
    const asked = await request()
    rmSync(cache, { recursive: true, force: true })
    // A file where the folder should be: nobody can write there, root neither.
    writeFileSync(cache, '')
    const before = readdirSync(model)
    const placement = await place(asked, both, { cores: 2, clock: hurried() })
    expect(await place(asked, both, { cores: 2, clock: broken })).toEqual(placement)
    expect(readdirSync(model)).toEqual(before)
    expect(readdirSync(home).toSorted()).toEqual(['model', 'secondpass'])
  })

  it('leaves no file where nothing is to be kept, or there is one core', async () => {
    await place(await request({ keeps: false }), both, { cores: 2, clock: hurried() })
    expect(await place(await request(), both, { cores: 1, clock: broken })).toEqual({ workers: 0, threads: 1 })
    expect(files()).toEqual([])
  })
})

describe('a scorer that asks for it', () => {
  it('has its number of threads in its id once it is loaded, and the scores of that number', async () => {
    await using scorer = crossEncoder({ model, threads: 'measured' })
    expect(scorer.placement).toBeUndefined()
    expect(scorer.id).toContain('unresolved')
    expect(scorer.documentsId).toContain('unresolved')
    const scores = await scorer.score('where is the mill', texts, callOf())
    const threads = scorer.placement?.threads as number
    await using same = crossEncoder({ model, threads })
    expect(await same.score('where is the mill', texts, callOf())).toEqual(scores)
    expect(scorer.id).toBe(same.id)
    expect(scorer.documentsId).toBe(same.documentsId)
  })

  it.skipIf(usableCores() < 2)('runs as many threads as were found to pay', async () => {
    await using probe = openCrossEncoder({ model }, true)
    await probe.warmup()
    const threads = [
      { count: 1, pairMs: 9 },
      { count: 2, pairMs: 5 },
    ]
    await (await placeOf(probe.tuning as TuningRequest)).write({ threads })
    await using scorer = crossEncoder({ model, threads: 'measured' })
    await scorer.warmup()
    expect(scorer.placement).toEqual({ workers: 0, threads: 2 })
    expect(scorer.id).toBe(crossEncoder({ model, threads: 2 }).id)
  })

  it.skipIf(usableCores() < 2)('starts as many workers as were found to pay, which score the same', async () => {
    await using probe = openCrossEncoder({ model }, true)
    await probe.warmup()
    const workers = [
      { count: 1, pairMs: 9 },
      { count: 2, pairMs: 5 },
    ]
    await (await placeOf(probe.tuning as TuningRequest)).write({ workers })
    await using scorer = builtCrossEncoder({ model, workers: 'measured' })
    const many = Array.from({ length: 50 }, (_, at) => `passage ${at} on the river`)
    const scores = await scorer.score('where is the mill', many, callOf())
    expect(scorer.placement).toEqual({ workers: 2, threads: 1 })
    expect(scores).toEqual(await probe.score('where is the mill', many, callOf()))
  })

  it('scores the same with as many workers as pay', async () => {
    await using alone = builtCrossEncoder({ model })
    await using scorer = builtCrossEncoder({ model, workers: 'measured' })
    expect(scorer.id).toBe(alone.id)
    const scores = await scorer.score('where is the mill', texts, callOf())
    expect(scores).toEqual(await alone.score('where is the mill', texts, callOf()))
    expect(scorer.placement?.workers).toBeGreaterThanOrEqual(1)
    expect(scorer.placement?.workers).toBeLessThanOrEqual(8)
  })

  it('is the only one: by default nothing is measured', async () => {
    await using scorer = crossEncoder({ model, workers: 0 })
    expect(scorer.placement).toEqual({ threads: 1, workers: 0 })
    await scorer.warmup()
    expect(files()).toEqual([])
  })

  it.each([
    [{ threads: 'fast' }, /threads is "fast".*'measured'/],
    [{ workers: 'all' }, /workers is "all".*'auto' or 'measured'/],
  ])('refuses %j', (options, message) => {
    expect(() => crossEncoder({ model, ...options } as never)).toThrow(message)
  })
})
