import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packAll } from '../package/packed.ts'
import { makePlace, type Place } from './support.ts'

/* Deno, Bun, and the later versions of Node.js, all from the registry, on one project. A minute and a half. */
const packed = packAll()
let place: Place

const nodes = { node22: '22', node24: '24', node26: '26' }

beforeAll(async () => {
  // What the package `node` fetches with its install script.
  const binary = `node-${process.platform}-${process.arch}`
  const aliases = Object.entries(nodes).map(([name, version]) => [name, `npm:${binary}@${version}`])
  place = await makePlace(packed.packages, {
    dependencies: { deno: '2.9.6', bun: '1.4.5', ...Object.fromEntries(aliases) },
    files: { 'program.mjs': program, 'terminated.mjs': terminated },
  })
})
afterAll(() => {
  place.remove()
  packed.remove()
})

const program = `
  import { createReranker, crossEncoder, doctor } from '@secondpass/core'
  const workers = Number(process.argv[2])
  const reranker = createReranker({ scorer: crossEncoder({ workers }), onError: 'throw' })
  const passages = ['The museum opens at nine.', 'To reset your password, open Settings and press Reset.', 'Bananas.']
  const { results } = await reranker.rerank('how do I reset my password?', passages)
  await reranker.close()
  const { problems } = await doctor()
  console.log(JSON.stringify({ first: results[0].index, problems }))
`

/** A worker of the user's own that is terminated in the middle of scoring, again and again. */
const terminated = `
  import { isMainThread, parentPort, Worker } from 'node:worker_threads'
  import { createReranker, crossEncoder } from '@secondpass/core'
  if (isMainThread) {
    for (let turn = 0; turn < 4; turn++) {
      const worker = new Worker(new URL(import.meta.url))
      await new Promise((resolve) => worker.once('message', resolve))
      await worker.terminate()
    }
    console.log(JSON.stringify('alive'))
  } else {
    const reranker = createReranker({ scorer: crossEncoder({ workers: 1 }) })
    const passages = Array.from({ length: 50 }, (_, at) => 'password '.repeat(400) + at)
    await reranker.rerank('how do I reset my password?', passages.slice(0, 2))
    parentPort.postMessage('scoring')
    for (;;) await reranker.rerank('how do I reset my password?', passages)
  }
`

const bin = (name: string): string => join(place.folder, 'node_modules/.bin', name)

describe.each([
  ['Deno', () => [bin('deno'), 'run', '--allow-all', '--no-prompt']],
  ['Bun', () => [bin('bun')]],
  ['Node.js 22', () => [join(place.folder, 'node_modules/node22/bin/node')]],
  ['Node.js 24', () => [join(place.folder, 'node_modules/node24/bin/node')]],
  ['Node.js 26', () => [join(place.folder, 'node_modules/node26/bin/node')]],
])('%s', (_, command) => {
  it.each([0, 2])('reranks with %i workers, closes, and finds nothing wrong', async (workers) => {
    const { status, stdout, stderr } = await place.run([...command(), 'program.mjs', String(workers)])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({ first: 1, problems: [] })
  })
})

it('a worker of the user that scores in workers may be terminated', async () => {
  const { status, stdout, stderr } = await place.run(['node', 'terminated.mjs'])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('alive')
})
