import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../package/commands.ts'
import { packAll } from '../package/packed.ts'
import { makePlace, type Place } from './support.ts'

/*
 * Faults of the installation or of the machine. Each must be thrown, whatever `onError` says: a ranking that stays as the
 * retriever left it, because a file is missing, is found out weeks later. About a minute.
 */
const packed = packAll()
let place: Place

beforeAll(async () => {
  place = await makePlace(packed.packages, {})
  // As Python leaves a model in its cache that it has downloaded: nothing says which files the hub does not have.
  const commit = 'a'.repeat(40)
  const snapshot = `cache/models--nobody--stock/snapshots/${commit}`
  cpSync(join(root, 'test/fixtures/tiny-bert-stock'), join(place.folder, snapshot), { recursive: true })
  place.write('cache/models--nobody--stock/refs/main', commit)
})
afterAll(() => {
  place.remove()
  packed.remove()
})

const BINARY = `node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}`
const CORE = 'node_modules/@secondpass/core/dist/node'
/** Of the modules for browsers and bundlers. */
const OTHER_WORKER = 'node_modules/@secondpass/core/dist/score/cross-encoder/session/worker.js'
const MODEL = 'node_modules/@secondpass/model-en-mini'

const program = (scorer: string): string => `
  import { createReranker, crossEncoder } from '@secondpass/core'
  const passages = ['The museum opens at nine.', 'To reset your password, open Settings.']
  let outcome
  try {
    const scorer = ${scorer}
    const { report } = await createReranker({ scorer, onError: 'keep-order' }).rerank('reset password', passages)
    outcome = { outcome: report.stages[0].outcome }
  } catch (error) {
    outcome = { code: error.code, message: error.message }
  }
  console.log(JSON.stringify(outcome))
  process.exit(0)
`

/** What the program comes to while a file is away. */
async function without(files: string | readonly string[], scorer: string): Promise<unknown> {
  const paths = [files].flat().map((file) => join(place.folder, file))
  for (const path of paths) renameSync(path, `${path}.away`)
  try {
    return await place.json('program.mjs', program(scorer))
  } finally {
    for (const path of paths) renameSync(`${path}.away`, path)
  }
}

const inThread = 'crossEncoder()'
const inWorkers = 'crossEncoder({ workers: 1 })'

describe('as installed', () => {
  const fromCache = "crossEncoder({ model: 'nobody/stock', hub: { cacheFolder: './cache' } })"
  it.each([inThread, inWorkers, fromCache])('%s ranks', async (scorer) => {
    expect(await place.json('program.mjs', program(scorer))).toEqual({ outcome: 'ranked' })
  })
})

describe('is thrown, in a sentence', () => {
  it.each([
    [
      'the file of the workers',
      [`${CORE}/worker.js`, OTHER_WORKER],
      inWorkers,
      'runtime',
      /worker\.js.*install @secondpass\/core again/,
    ],
    [
      'the binding',
      `${BINARY}/onnxruntime_binding.node`,
      inThread,
      'runtime',
      /onnxruntime-node did not load.*install it/,
    ],
    [
      'the binding, for a worker',
      `${BINARY}/onnxruntime_binding.node`,
      inWorkers,
      'runtime',
      /did not load.*install it/,
    ],
    [
      'the native library',
      `${BINARY}/libonnxruntime.so.1`,
      inThread,
      'runtime',
      /library beside it.*copy node_modules\/onnxruntime-node whole/,
    ],
    ['the native library, for a worker', `${BINARY}/libonnxruntime.so.1`, inWorkers, 'runtime', /library beside it/],
    [
      'the runtime',
      'node_modules/onnxruntime-node',
      inThread,
      'runtime',
      /not installed.*npm install onnxruntime-node/,
    ],
    ['the runtime, for a worker', 'node_modules/onnxruntime-node', inWorkers, 'runtime', /not installed.*npm install/],
    ['what the runtime needs', 'node_modules/onnxruntime-common', inThread, 'runtime', /onnxruntime-common/],
    [
      'the client of the hub',
      'package.json',
      "crossEncoder({ model: 'nobody/nothing' })",
      'runtime',
      /npm install @huggingface\/hub/,
    ],
    ['the package of the model', MODEL, inThread, 'model-files', /npm install @secondpass\/model-en-mini/],
    ['the graph', `${MODEL}/model.onnx`, inThread, 'model-files', /ONNX/],
    ['the tokenizer', `${MODEL}/tokenizer.json`, inThread, 'model-files', /has no tokenizer\.json/],
    ['the sums', `${MODEL}/SHA256SUMS`, inThread, 'model-files', /sha256 none/],
    [
      'a package of the caller',
      'package.json',
      "{ id: 'own', scope: 'pair', score: () => import('not-there') }",
      'runtime',
      /own needs is not there.*not-there/,
    ],
  ])('%s is missing', async (_, file, scorer, code, sentence) => {
    const { message, ...rest } = (await without(file, scorer)) as { message: string }
    expect(rest).toEqual({ code })
    expect(message).toMatch(sentence)
  })

  it('a binding that is damaged', async () => {
    const path = join(place.folder, BINARY, 'onnxruntime_binding.node')
    renameSync(path, `${path}.away`)
    writeFileSync(path, 'not a library')
    const outcome = await place.json('program.mjs', program(inThread))
    rmSync(path)
    renameSync(`${path}.away`, path)
    expect(outcome).toMatchObject({ code: 'runtime', message: expect.stringMatching(/install it again/) })
  })
})
