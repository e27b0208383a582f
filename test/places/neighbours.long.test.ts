import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../package/commands.ts'
import { packAll } from '../package/packed.ts'
import { makePlace, type Place, type PlaceManager } from './support.ts'

/*
 * Packages that pin a version of onnxruntime-node, in one process with ours, in either order. A process holds one version
 * of its native library. About two and a half minutes, most of it installing.
 */
const packed = packAll()
afterAll(() => packed.remove())

const transformersRuns = `
  const { AutoModelForSequenceClassification, Tensor } = await import('@huggingface/transformers')
  const model = await AutoModelForSequenceClassification.from_pretrained('./tiny-bert-stock', { local_files_only: true, subfolder: '', dtype: 'fp32' })
  const ones = () => new Tensor('int64', [1n, 1n, 1n], [1, 3])
  const { logits } = await model({ input_ids: ones(), attention_mask: ones(), token_type_ids: ones() })
  if (!Number.isFinite(logits.data[0])) throw new Error('no logits')
`

/** fastembed would download a model: its own runtime opens a graph, and its module is loaded. */
const fastembedRuns = `
  await import('fastembed')
  const { createRequire } = await import('node:module')
  const ort = createRequire(createRequire(import.meta.url).resolve('fastembed'))('onnxruntime-node')
  const session = await ort.InferenceSession.create('./tiny-bert-stock/model.onnx')
  const ones = () => new ort.Tensor('int64', [1n, 1n, 1n], [1, 3])
  await session.run(Object.fromEntries(session.inputNames.map((name) => [name, ones()])))
  await session.release()
`

const oursRuns = (workers: number): string => `
  const { createReranker, crossEncoder } = await import('@secondpass/core')
  const reranker = createReranker({ scorer: crossEncoder({ workers: ${workers} }) })
  const passages = ['The museum opens at nine.', 'To reset your password, open Settings and press Reset password.', 'Bananas.']
  const { results } = await reranker.rerank('how do I reset my password?', passages)
  await reranker.close()
`

const print = `
  console.log(JSON.stringify({ order: results.map(({ index }) => index), logits: results.map(({ logit }) => logit) }))
`

interface Ranked {
  readonly order: number[]
  readonly logits: number[]
}

/** What each version gives is held together in runtime-versions.long.test.ts; here neighbours must not change the order. */
const ORDER_FIRST = 1

describe.each([
  ['@huggingface/transformers', '3.8.1', transformersRuns, 'npm'],
  ['@huggingface/transformers', '4.2.0', transformersRuns, 'npm'],
  ['@huggingface/transformers', '4.3.2', transformersRuns, 'npm'],
  ['@huggingface/transformers', '3.8.1', transformersRuns, 'pnpm'],
  ['fastembed', '2.1.0', fastembedRuns, 'npm'],
  ['fastembed', '2.1.0', fastembedRuns, 'yarn'],
] as const)('beside %s %s', (neighbour, version, theirsRuns, manager) => {
  let place: Place
  beforeAll(async () => {
    place = await makePlace(packed.packages, {
      manager: manager as PlaceManager,
      dependencies: { [neighbour]: version },
    })
    cpSync(join(root, 'test/fixtures/tiny-bert-stock'), join(place.folder, 'tiny-bert-stock'), { recursive: true })
  })
  afterAll(() => place.remove())

  it.each([0, 2])(`installed with ${manager}, both run, whichever is first, with %i workers`, async (workers) => {
    const oursFirst = (await place.json('ours.mjs', `${oursRuns(workers)}${theirsRuns}${print}`)) as Ranked
    const theirsFirst = (await place.json('theirs.mjs', `${theirsRuns}${oursRuns(workers)}${print}`)) as Ranked
    expect(oursFirst.order[0]).toBe(ORDER_FIRST)
    expect(theirsFirst).toEqual(oursFirst)
  })

  // The contract of scorers is held with version 4 elsewhere; here version 3 has to give the same.
  it.runIf(neighbour === '@huggingface/transformers')(
    `installed with ${manager}, transformers() gives the scores of crossEncoder()`,
    async () => {
      const program = `
        import { dirname } from 'node:path'
        import { createRequire } from 'node:module'
        import { crossEncoder, transformers } from '@secondpass/core'
        const call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
        const texts = ['The museum opens at nine.', 'To reset your password, open Settings.', 'Bananas.', 'word '.repeat(900)]
        const bundled = dirname(createRequire(import.meta.url).resolve('@secondpass/model-en-mini/package.json'))
        const apart = []
        for (const model of ['./tiny-bert-stock', bundled]) {
          const [theirs, ours] = [transformers({ model }), crossEncoder({ model })]
          const [one, other] = [await theirs.score('reset password', texts, call), await ours.score('reset password', texts, call)]
          apart.push(Math.max(...one.map((score, at) => Math.abs(score - other[at]))))
          await theirs.close()
          await ours.close()
        }
        console.log(JSON.stringify(apart))`
      for (const apart of (await place.json('scorers.mjs', program)) as number[]) expect(apart).toBeLessThan(1e-4)
    },
  )

  it(`installed with ${manager}, the doctor finds nothing wrong`, async () => {
    const program = `
      const { doctor } = await import('@secondpass/core')
      const { problems, runtime } = await doctor()
      console.log(JSON.stringify({ problems, versions: runtime.copies?.map(({ version }) => version), used: runtime.version }))`
    const { problems, versions, used } = (await place.json('doctor.mjs', program)) as Record<string, string[]>
    expect(problems).toEqual([])
    expect(versions).toContain(used)
  })
})
