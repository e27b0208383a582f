import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crossEncoder } from '../../../../packages/core/src/score/cross-encoder/cross-encoder.ts'
import type { CrossEncoderOptions } from '../../../../packages/core/src/score/cross-encoder/options.ts'
import { fetchModel } from '../../../../packages/core/src/score/cross-encoder/model-source.ts'
import type { CachedScore, ScoreCache } from '../../../../packages/core/src/wrap/cache.ts'
import { withCache } from '../../../../packages/core/src/wrap/cache.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { LoopbackHub } from '../../../fixtures/hub/loopback-hub.ts'
import { modelFiles } from '../../../fixtures/hub/model-files.ts'
import { scratchFolder } from '../../../fixtures/hub/scratch.ts'

const repo = 'invented/tiny'
const stock = join(import.meta.dirname, '../../../fixtures/tiny-bert-stock')
const query = 'where does the river go'
const texts = ['the old mill on the river', 'the clock tower is blue']

let hub: LoopbackHub
let cacheFolder: string
beforeEach(async () => {
  hub = await LoopbackHub.start()
  cacheFolder = scratchFolder()
})
afterEach(async () => {
  await hub.close()
  rmSync(cacheFolder, { recursive: true })
})

const reach = (): { endpoint: string; cacheFolder: string } => ({ endpoint: hub.endpoint, cacheFolder })
const scorerOf = (options: CrossEncoderOptions = {}): ReturnType<typeof crossEncoder> =>
  crossEncoder({ model: repo, hub: reach(), ...options })

describe('a cross-encoder of a model on the hub', () => {
  it('downloads it on the first call, and gives the scores of the same files in a folder', async () => {
    const commit = hub.commit(repo, modelFiles())
    await using scorer = scorerOf()
    await using folder = crossEncoder({ model: stock })
    expect(hub.seen).toEqual([])
    expect(await scorer.score(query, texts, callOf())).toEqual(await folder.score(query, texts, callOf()))
    expect(scorer.id).toBe(`${repo}@${commit.slice(0, 12)}/onnx/model.onnx`)
    expect(scorer.toProbability?.(0)).toBe(0.5)
  })

  it('has a name of its own until its commit is known, and its final one at once when the model is in the cache', async () => {
    hub.commit(repo, modelFiles())
    const [one, other] = [scorerOf(), scorerOf()]
    expect(one.id).not.toBe(other.id)
    expect(one.id).toContain('unresolved')
    await one.warmup()
    const cached = scorerOf()
    expect(cached.id).toBe(one.id)
    await Promise.all([one, other, cached].map((scorer) => scorer.close()))
  })

  it('makes no request when it is in the cache', async () => {
    hub.commit(repo, modelFiles())
    await fetchModel(repo, { hub: reach() })
    const before = hub.seen.length
    await using scorer = scorerOf()
    await scorer.score(query, texts, callOf())
    expect(hub.seen).toHaveLength(before)
  })

  it('stays with the commit it knows while the branch moves on', async () => {
    hub.commit(repo, modelFiles())
    await fetchModel(repo, { hub: reach() })
    const known = scorerOf().id
    hub.commit(repo, { ...modelFiles(), 'tokenizer_config.json': '{"invented": true}' })
    expect(scorerOf().id).toBe(known)
    const { id } = await fetchModel(repo, { hub: reach() })
    expect(id).not.toBe(known)
    expect(scorerOf().id).toBe(id)
  })

  it('puts no score of one commit under the name of another in a shared cache', async () => {
    hub.commit(repo, modelFiles())
    const shared: ScoreCache = new Map<string, CachedScore>()
    await using first = withCacheOf(shared)
    const scores = await first.scorer.score(query, texts, callOf())
    hub.commit(repo, { ...modelFiles(), 'calibration.json': '{"temperature": 2}' })
    await fetchModel(repo, { hub: reach() })
    await using second = withCacheOf(shared)
    const call = callOf()
    expect(await second.scorer.score(query, texts, call)).toEqual(scores)
    expect(call.stats).toMatchObject({ cacheHits: 0, cacheMisses: 2 })
  })

  function withCacheOf(shared: ScoreCache): { scorer: ReturnType<typeof withCache> } & AsyncDisposable {
    const inner = scorerOf()
    return { scorer: withCache(inner, shared), [Symbol.asyncDispose]: () => inner.close() }
  }

  it('gives up its download when it is closed', async () => {
    hub.commit(repo, modelFiles())
    hub.fault = ({ host }) => (host === 'store' ? { holdAfter: 1000 } : undefined)
    const scorer = scorerOf()
    const scoring = scorer.score(query, texts, callOf())
    scoring.catch(() => {})
    await hub.held()
    await scorer.close()
    await expect(scoring).rejects.toMatchObject({ code: 'closed' })
  })

  it('tries again after a load that failed', async () => {
    hub.commit(repo, modelFiles())
    hub.fault = () => ({ status: 403 })
    await using scorer = scorerOf()
    await expect(scorer.score(query, texts, callOf())).rejects.toMatchObject({ code: 'model-files' })
    hub.fault = () => undefined
    expect(await scorer.score(query, texts, callOf())).toHaveLength(2)
  })
})

describe('the choice of a graph', () => {
  const several = (): ReturnType<typeof modelFiles> => {
    const graph = modelFiles()['onnx/model.onnx'] as never
    return {
      ...modelFiles(),
      'onnx/model_quantized.onnx': graph,
      'onnx/model_uint8.onnx': graph,
      'onnx/model_q4.onnx': graph,
    }
  }

  it.each([
    ['auto', 'onnx/model.onnx'],
    ['fp32', 'onnx/model.onnx'],
    ['int8', 'onnx/model_quantized.onnx'],
    ['uint8', 'onnx/model_uint8.onnx'],
    ['q4', 'onnx/model_q4.onnx'],
  ] as const)('for %s takes %s, and says so in the id', async (dtype, file) => {
    hub.commit(repo, several())
    const { id } = await fetchModel(repo, { dtype, graph: 'original', hub: reach() })
    expect(id.endsWith(`/${file}`)).toBe(true)
    expect(scorerOf({ dtype, graph: 'original' }).id).toBe(id)
  })

  it('rounds the fp32 file to bytes rather than taking one of bytes, and says so in the id', async () => {
    hub.commit(repo, several())
    const { id, graphPath } = await fetchModel(repo, { dtype: 'int8', hub: reach() })
    expect(id.endsWith('/onnx/model.onnx:lean-int8')).toBe(true)
    expect(graphPath.endsWith('model.onnx')).toBe(true)
    expect(scorerOf({ dtype: 'int8' }).id).toBe(id)
  })

  it('does not depend on what happens to be in the cache', async () => {
    hub.commit(repo, several())
    await fetchModel(repo, { dtype: 'uint8', hub: reach() })
    await using scorer = scorerOf()
    expect(scorer.id).toContain('unresolved')
    await scorer.warmup()
    expect(scorer.id.endsWith('/onnx/model.onnx')).toBe(true)
  })

  it('takes bytes where there is no fp32, and remembers that there is none', async () => {
    const { 'onnx/model.onnx': graph, ...rest } = modelFiles()
    hub.commit(repo, { ...rest, 'onnx/model_int8.onnx': graph as never })
    const { id } = await fetchModel(repo, { hub: reach() })
    expect(scorerOf().id).toBe(id)
    expect(id.endsWith('/onnx/model_int8.onnx')).toBe(true)
  })

  it('works in a folder as on the hub', () => {
    const folder = mkdtempSync(join(tmpdir(), 'secondpass-folder-'))
    for (const [path, content] of Object.entries(several())) {
      mkdirSync(join(folder, path, '..'), { recursive: true })
      writeFileSync(
        join(folder, path),
        typeof content === 'string' ? content : (content as readonly [Uint8Array, string])[0],
      )
    }
    const ids = (['auto', 'int8', 'q4'] as const).map((dtype) => crossEncoder({ model: folder, dtype }).id)
    expect(new Set(ids).size).toBe(3)
    expect(ids[1]).toMatch(/\/onnx\/model\.onnx:lean-int8$|@[0-9a-f]{12}:lean-int8$/)
    const asItIs = crossEncoder({ model: folder, dtype: 'int8', graph: 'original' })
    expect(asItIs.id).toContain('/onnx/model_quantized.onnx')
    rmSync(folder, { recursive: true })
  })
})

describe('without a network', () => {
  it('a full cache is enough, and nothing is asked', async () => {
    hub.commit(repo, modelFiles())
    await fetchModel(repo, { hub: reach() })
    hub.seen.length = 0
    await using scorer = scorerOf({ hub: { ...reach(), offline: true } })
    expect(await scorer.score(query, texts, callOf())).toHaveLength(2)
    await fetchModel(repo, { hub: { ...reach(), offline: true } })
    expect(hub.seen).toEqual([])
  })

  it('what is not in the cache is an error that says so, and nothing is asked', async () => {
    await using scorer = scorerOf({ hub: { ...reach(), offline: true } })
    await expect(scorer.score(query, texts, callOf())).rejects.toMatchObject({
      code: 'model-files',
      message: expect.stringMatching(/not complete in .*unset HF_HUB_OFFLINE once/),
    })
    expect(hub.seen).toEqual([])
  })

  it('a cache that Python filled is enough, although it does not say which files there are not', async () => {
    const commit = hub.commit(repo, modelFiles())
    await fetchModel(repo, { hub: reach() })
    rmSync(join(cacheFolder, 'models--invented--tiny/.no_exist'), { recursive: true })
    expect(scorerOf({ hub: { ...reach(), offline: true } }).id).toContain(commit.slice(0, 12))
    expect(readFileSync(join(cacheFolder, 'models--invented--tiny/refs/main'), 'utf8')).toBe(commit)
    // With a network the hub is asked first, and where it cannot be reached the cache has to do.
    await using scorer = scorerOf({ hub: { ...reach(), fetch: () => Promise.reject(new Error('no route')) } })
    hub.fault = () => ({ status: 404 })
    expect(scorer.id).toContain('unresolved')
  })

  it('variables of the environment say the same as the options', async () => {
    hub.commit(repo, modelFiles())
    const set = { HF_ENDPOINT: hub.endpoint, HF_HOME: cacheFolder }
    const kept = Object.fromEntries(Object.keys(set).map((name) => [name, process.env[name]]))
    Object.assign(process.env, set)
    try {
      const { path } = await fetchModel(repo)
      expect(path.startsWith(join(cacheFolder, 'hub'))).toBe(true)
      process.env['HF_HUB_OFFLINE'] = '1'
      hub.seen.length = 0
      await using scorer = crossEncoder({ model: repo })
      await scorer.warmup()
      expect(hub.seen).toEqual([])
    } finally {
      for (const [name, value] of Object.entries({ ...kept, HF_HUB_OFFLINE: undefined })) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    }
  })
})
