import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mustRun, root, run } from '../package/commands.ts'
import { packAll } from '../package/packed.ts'
import { makePlace, type Place } from './support.ts'

/*
 * The recipes of examples/deploy, rehearsed without a container: the commands of the Dockerfile in a folder, and the zip
 * for Lambda, whose handler runs with nothing but what the zip holds. Sizes are what the platforms limit.
 */
const packed = packAll()
const recipes = join(root, 'examples/deploy')
const MB = 1e6
let place: Place

/** From an empty folder: installed and asked once. */
let firstResultMs: number

const program = `
  import { createReranker } from '@secondpass/core'
  const passages = ['Bananas are rich in potassium.', 'To reset your password, press Reset password.']
  const { results } = await createReranker().rerank('reset password', passages)
  console.log(results[0].index)
`

beforeAll(async () => {
  const start = performance.now()
  place = await makePlace(packed.packages)
  place.write('server.mjs', program)
  const printed = await place.mustRun(['node', 'server.mjs'])
  firstResultMs = performance.now() - start
  expect(printed.trim()).toBe('1')
})
afterAll(() => {
  place.remove()
  packed.remove()
})

/** The bytes of the files below a folder. */
function sizeOf(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return entries.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}

/** A project with a lockfile, as one is checked in. */
function project(): string {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-deploy-'))
  for (const file of ['package.json', 'package-lock.json', 'packed', 'server.mjs']) {
    cpSync(join(place.folder, file), join(folder, file), { recursive: true })
  }
  return folder
}

it('an empty folder has its first result soon after', () => {
  console.log(`installed and asked in ${(firstResultMs / 1000).toFixed(1)} s`)
  // The aim is 20 s on a quiet machine; what takes longer than this does not come from a busy one.
  expect(firstResultMs).toBeLessThan(120_000)
})

it('the commands of the Dockerfile leave an application of less than 150 MB that reranks', () => {
  const folder = project()
  const commands = readFileSync(join(recipes, 'Dockerfile'), 'utf8').match(/(?<=^RUN ).+$/gm) ?? []
  expect(commands).toHaveLength(3)
  for (const command of commands) mustRun(['sh', '-c', command], folder, { ONNXRUNTIME_NODE_INSTALL: 'skip' })
  const bytes = sizeOf(join(folder, 'node_modules'))
  console.log(`node_modules of the image: ${(bytes / MB).toFixed(0)} MB`)
  expect(bytes).toBeLessThan(150 * MB)
  expect(mustRun(['node', 'server.mjs'], folder).trim()).toBe('1')
  rmSync(folder, { recursive: true })
})

it('the zip for Lambda stays below its limits, and its handler runs with nothing but what is in it', () => {
  const folder = project()
  for (const file of ['lambda.mjs', 'lambda.sh']) cpSync(join(recipes, file), join(folder, file))
  mustRun(['sh', 'lambda.sh'], folder, { ARCH: process.arch })
  const task = mkdtempSync(join(tmpdir(), 'secondpass-lambda-'))
  mustRun(['unzip', '-q', join(folder, 'function.zip'), '-d', task], task)
  const zipped = statSync(join(folder, 'function.zip')).size
  const unzipped = sizeOf(task)
  rmSync(folder, { recursive: true })
  console.log(`zip for Lambda: ${(zipped / MB).toFixed(0)} MB, unzipped ${(unzipped / MB).toFixed(0)} MB`)
  expect({ zipped: zipped < 150 * MB, unzipped: unzipped < 250 * MB }).toEqual({ zipped: true, unzipped: true })
  const event = { query: 'reset password', passages: ['Bananas.', 'To reset your password, press Reset.'], topN: 1 }
  const call = `import('./lambda.mjs').then(({ handler }) => handler(${JSON.stringify(event)})).then((found) => console.log(JSON.stringify(found)))`
  const { stdout, stderr } = run([process.execPath, '-e', call], task, { HOME: task, NODE_PATH: '' })
  rmSync(task, { recursive: true })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual([{ index: 1, score: expect.any(Number) }])
})
