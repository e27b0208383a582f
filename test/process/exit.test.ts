import { describe, expect, it } from 'vitest'
import { sized } from '../fixtures/size.ts'
import { runScript } from './run-script.ts'

/**
 * Ending a process while a worker is inside a native run aborts it (SIGABRT, 134) unless the workers are waited for.
 * Each ending is repeated, because it only aborts when the moment is unlucky.
 */
const REPEATS = sized(2, 50)
/** Children at once: they crowd each other, which only varies the moment more. */
const AT_ONCE = Math.min(5, REPEATS)

// The bundled model and long texts: a run must take long enough for the end to fall into it.
const prelude = `
  import { crossEncoder } from '@secondpass/core'
  const scorer = crossEncoder({ workers: 2 })
  await scorer.warmup()
  const texts = Array.from({ length: 12 }, (_, at) => 'a text of some length about number ' + at + ' and others '.repeat(90))
  const stats = {}
  const call = { signal: new AbortController().signal, deadline: Infinity, now: () => performance.now(), stats, note() {} }
  const scoring = scorer.score('which number', texts, call)
  scoring.catch(() => {})
  await new Promise((resume) => setTimeout(resume, DELAY_MS))
`

const script = (end: string): string => prelude.replace('DELAY_MS', String(20 + Math.random() * 60)) + end

async function repeat(end: string, expected: { exitCode: number; stderr?: RegExp }): Promise<void> {
  const once = async (): Promise<void> => {
    const { exitCode, signal, stderr } = await runScript(script(end))
    expect({ exitCode, signal, stderr }).toEqual({
      exitCode: expected.exitCode,
      signal: null,
      stderr: expected.stderr === undefined ? '' : expect.stringMatching(expected.stderr),
    })
  }
  for (let run = 0; run < REPEATS; run += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, once))
}

describe(`a process that ends while workers are scoring (${REPEATS} times each)`, () => {
  it('by process.exit() keeps its exit code', () => repeat('process.exit(3)', { exitCode: 3 }))

  it('by an uncaught exception ends with 1', () =>
    repeat(`setImmediate(() => { throw new Error('on purpose') })`, { exitCode: 1, stderr: /on purpose/ }))

  it('by having nothing more to do ends with 0', () =>
    repeat('await scoring; console.log(stats.runs)', { exitCode: 0 }))

  it('by close() in the middle ends with 0', () =>
    repeat(`await scorer.close(); await scoring.catch((error) => console.log(error.code))`, { exitCode: 0 }))
})
