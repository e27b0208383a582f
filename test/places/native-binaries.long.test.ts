import { lstatSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { packAll } from '../package/packed.ts'
import { makePlace, type Place } from './support.ts'

/*
 * The binaries of onnxruntime-node: without those of other machines it is a quarter of its size and works; without its own
 * the same models run in WebAssembly, if onnxruntime-web is there. About a minute.
 */
const packed = packAll()
let place: Place

beforeAll(async () => {
  place = await makePlace(packed.packages, {
    ours: ['@secondpass/core', '@secondpass/cli'],
    dependencies: { 'onnxruntime-web': '1.30.0' },
  })
  place.write('program.mjs', program)
})
afterAll(() => {
  place.remove()
  packed.remove()
})

const program = `
  import { createReranker, crossEncoder, doctor } from '@secondpass/core'
  const passages = [
    'The museum opens at nine and closes at five, except on Mondays.',
    'To reset your password, open Settings, choose Security and press Reset password.',
    'Passwords are stored as salted hashes, never in plain text.',
    'Bananas are rich in potassium.',
    'A password manager remembers long passwords for you.',
  ]
  let outcome
  try {
    const scorer = crossEncoder({ workers: Number(process.argv[2]) })
    const reranker = createReranker({ scorer, onError: 'keep-order' })
    const start = performance.now()
    const { results } = await reranker.rerank('how do I reset my password?', passages)
    outcome = {
      id: scorer.id,
      provider: scorer.opened.provider,
      order: results.map(({ index }) => index),
      logits: Object.fromEntries(results.map(({ index, logit }) => [index, logit])),
    }
    await reranker.close()
    const { trial } = await doctor()
    outcome.trial = trial.provider
  } catch (error) {
    outcome = { code: error.code, message: error.message }
  }
  console.log(JSON.stringify(outcome))
`

interface Outcome {
  readonly id: string
  readonly provider: string
  readonly order: number[]
  readonly logits: Record<string, number>
  readonly trial: string
}

async function outcome(workers = 0): Promise<Outcome & { readonly stderr: string }> {
  const { stdout, stderr } = await place.run(['node', 'program.mjs', String(workers)])
  return { ...(JSON.parse(stdout) as Outcome), stderr }
}

const RUNTIME = 'node_modules/onnxruntime-node'

function megabytes(folder: string): number {
  const paths = readdirSync(join(place.folder, folder), { recursive: true, encoding: 'utf8' })
  return paths.reduce((sum, path) => sum + lstatSync(join(place.folder, folder, path)).size, 0) / 1e6
}

it('prune-runtime leaves what runs here, and less than 150 MB of it', async () => {
  const before = await outcome()
  const [whole, binary] = [megabytes(RUNTIME), `${process.platform}-${process.arch}`]
  const command = [join(place.folder, 'node_modules/.bin/secondpass'), 'prune-runtime']
  expect(await place.mustRun(command)).toMatch(new RegExp(`${binary} .*stays[^]*would be removed[^]*--yes`))
  expect(megabytes(RUNTIME)).toBe(whole)
  expect(await place.mustRun([...command, '--yes'])).toContain('removed.')
  expect(megabytes(RUNTIME)).toBeLessThan(whole / 3)
  // All that a deployment needs; the rest of this project is the command line, and onnxruntime-web for the other tests.
  const needed = [
    '@secondpass/core',
    '@secondpass/model-en-mini',
    '@huggingface',
    'onnxruntime-node',
    'onnxruntime-common',
  ]
  expect(needed.reduce((sum, name) => sum + megabytes(`node_modules/${name}`), 0)).toBeLessThan(150)
  expect(await outcome()).toEqual(before)
  expect(await place.mustRun([...command, '--yes'])).toContain('Nothing to remove.')
})

/** Two builds of one engine, of which one has the instructions for int8 and the other has not: see runtime-versions. */
const TOLERANCE = 0.2

it.each([0, 1])('without binaries, the order is that of WebAssembly, and it is said (workers: %i)', async (workers) => {
  const native = await outcome(workers)
  expect(native.provider).toBe('cpu')
  renameSync(join(place.folder, RUNTIME, 'bin'), join(place.folder, RUNTIME, 'away'))
  const wasm = await outcome(workers)
  renameSync(join(place.folder, RUNTIME, 'away'), join(place.folder, RUNTIME, 'bin'))
  expect(wasm).toMatchObject({ provider: 'wasm', trial: 'wasm', order: native.order })
  expect(wasm.id).toBe(`${native.id}:wasm`)
  expect(wasm.stderr).toMatch(/SecondpassWarning: .* runs on wasm.*onnxruntime-node did not load/)
  for (const [index, logit] of Object.entries(wasm.logits)) {
    expect(Math.abs(logit - (native.logits[index] as number))).toBeLessThan(TOLERANCE)
  }
})

it('without either, one sentence says what to install', async () => {
  renameSync(join(place.folder, RUNTIME), join(place.folder, 'away'))
  renameSync(join(place.folder, 'node_modules/onnxruntime-web'), join(place.folder, 'web'))
  expect(await outcome()).toMatchObject({
    code: 'runtime',
    message: expect.stringMatching(/not installed.*npm install onnxruntime-node.*or run "npm install onnxruntime-web"/),
  })
})
