import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packAll } from '../package/packed.ts'
import { makePlace, type Place } from './support.ts'

/*
 * Test runners that run modules in a realm of their own, with other typed arrays and errors than those of Node.js. The
 * user's tests rerank with the real model, in thread and in a worker. About two minutes.
 */
const packed = packAll()
afterAll(() => packed.remove())

const passages = `['The museum opens at nine.', 'To reset your password, open Settings, choose Security and press Reset.', 'Bananas.']`

/** A test of the user's, the same for both runners. */
const userTest = (workers: number): string => `
  it('reranks with workers: ${workers}', async () => {
    const { createReranker, crossEncoder } = await import('@secondpass/core')
    const scorer = crossEncoder({ workers: ${workers} })
    const reranker = createReranker({ scorer, onError: 'throw' })
    const { results, report } = await reranker.rerank('how do I reset my password?', ${passages})
    await reranker.close()
    expect(report.stages[0].outcome).toBe('ranked')
    expect(results[0].index).toBe(1)
  }, 60000)
`

/** What crosses the border between realms: errors, signals, bytes, lists. */
const borderTest = `
  it('takes what Node.js itself has made', async () => {
    const { createReranker, RerankError } = await import('@secondpass/core')
    const { readFile } = await import('node:fs/promises')
    const broken = { id: 'broken', scope: 'pair', score: () => readFile('./not-there.txt').then(() => []) }
    const { report } = await createReranker({ scorer: broken, onError: 'keep-order' }).rerank('q', ['a', 'b'])
    expect(report.stages[0].outcome).toBe('failed')
    expect(report.stages[0].error.code).toBe('ENOENT')
    const aborted = createReranker({ scorer: broken }).rerank('q', ['a', 'b'], { signal: AbortSignal.abort(new Error('enough')) })
    await expect(aborted).rejects.toThrow('enough')
  })
`

describe('Jest', () => {
  let place: Place
  beforeAll(async () => {
    place = await makePlace(packed.packages, {
      dependencies: { jest: '30.5.2' },
      files: {
        'jest.config.json': JSON.stringify({ testEnvironment: 'node', transform: {} }),
        'module.test.mjs': `${userTest(0)}${userTest(1)}${borderTest}`,
        'common.test.cjs': `${userTest(0)}${userTest(1)}${borderTest}`,
      },
    })
  })
  afterAll(() => place.remove())

  it.each(['module.test.mjs', 'common.test.cjs'])('runs %s', async (file) => {
    const jest = ['node', '--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--ci', '--json']
    const patterns = ['--testMatch', `**/${file}`]
    const { stdout, stderr } = await place.run([...jest, ...patterns])
    const { numPassedTests, numFailedTests } = JSON.parse(stdout || '{}') as Record<string, number>
    expect({ numPassedTests, numFailedTests }, stderr).toEqual({ numPassedTests: 3, numFailedTests: 0 })
  })
})

describe('vitest', () => {
  let place: Place
  beforeAll(async () => {
    place = await makePlace(packed.packages, {
      dependencies: { vitest: '4.1.12' },
      files: { 'user.test.mjs': `import { expect, it } from 'vitest'\n${userTest(0)}${userTest(1)}${borderTest}` },
    })
  })
  afterAll(() => place.remove())

  it.each(['forks', 'threads', 'vmThreads', 'vmForks'])('runs in the pool %s', async (pool) => {
    const vitest = ['node', 'node_modules/vitest/vitest.mjs', 'run', '--pool', pool, '--reporter', 'json']
    const { stdout, stderr } = await place.run(vitest)
    const { numPassedTests, numFailedTests } = JSON.parse(stdout || '{}') as Record<string, number>
    expect({ numPassedTests, numFailedTests }, `${stderr}\n${stdout}`).toEqual({ numPassedTests: 3, numFailedTests: 0 })
  })
})
