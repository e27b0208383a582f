import { afterAll, beforeAll, expect, it } from 'vitest'
import { packAll } from '../package/packed.ts'
import { batch, esModule, withWorkers } from '../package/programs.ts'
import { makePlace, type Place, yarnBerry } from './support.ts'

/*
 * Yarn without node_modules: packages stay in zip files, and `node:fs` is yarn's own, which answers differently here and
 * there also for files on disk. About a minute.
 */
const packed = packAll()
let place: Place

beforeAll(async () => {
  place = await makePlace(packed.packages, {
    manager: 'pnp',
    ours: ['@secondpass/core', '@secondpass/langchain', '@secondpass/llamaindex', '@secondpass/cli'],
    dependencies: { '@langchain/core': '1.2.13' },
  })
})
afterAll(() => {
  place.remove()
  packed.remove()
})

/** What a program prints, in JSON; it ends well and says nothing on stderr. */
async function printed(file: string, text: string): Promise<unknown> {
  place.write(file, text)
  const { status, stdout, stderr } = await place.run([...yarnBerry(), 'node', file])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout)
}

/** Not by `require`, for which Node.js looks on the disk, where what is in a zip file is not. */
const commonJs = `
  void (async () => {
    const { createReranker } = await import('@secondpass/core')
    const reranker = createReranker()
    const passages = ['The museum opens at nine.', 'To reset your password, open Settings and press Reset.']
    const { results } = await reranker.rerank('how do I reset my password?', passages)
    await reranker.close()
    console.log(JSON.stringify(results.map(({ index }) => index)))
  })()
`

it.each([
  ['an ES module', 'program.mjs', esModule],
  ['CommonJS', 'program.cjs', commonJs],
  ['workers', 'workers.mjs', withWorkers],
])('reranks with the bundled model: %s', async (_, file, text) => {
  expect(((await printed(file, text)) as number[])[0]).toBe(1)
})

it('finds nothing wrong', async () => {
  const program = `
    import { doctor } from '@secondpass/core'
    const { problems, tokenizers, runtime, peers } = await doctor()
    console.log(JSON.stringify({ problems, tokenizers, version: runtime.version, peers }))`
  const report = (await printed('doctor.mjs', program)) as { problems: string[]; tokenizers: string | null }
  expect(report.problems).toEqual([])
  expect(report.tokenizers).toMatch(/^\d+\.\d+/)
})

it('has a command that reranks files', async () => {
  place.write('batch.jsonl', batch)
  const command = [
    ...yarnBerry(),
    'secondpass',
    'rerank',
    '--input',
    'batch.jsonl',
    '--output',
    'out.jsonl',
    '--ids-only',
  ]
  const { status, stderr } = await place.run(command)
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^$|1/) })
})
