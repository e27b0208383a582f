import { describe, expect, it } from 'vitest'
import { runScript } from './run-script.ts'

/**
 * Ending a process while a worker is inside a native run aborts it (SIGABRT, 134) unless the workers are waited for.
 * Each ending is repeated, because it only aborts when the moment is unlucky.
 */
const REPEATS = Number(process.env['SECONDPASS_EXIT_REPEATS'] ?? 50)

const prelude = `
  import { crossEncoder } from '@secondpass/core'
  const scorer = crossEncoder({ model: './test/fixtures/tiny-bert', workers: 2 })
  await scorer.warmup()
  const texts = Array.from({ length: 4000 }, (_, at) => 'a text of some length about number ' + at)
  const stats = {}
  const call = { signal: new AbortController().signal, deadline: Infinity, now: () => performance.now(), stats, note() {} }
  const scoring = scorer.score('which number', texts, call)
  scoring.catch(() => {})
  await new Promise((resume) => setTimeout(resume, ${'${Math.random() * 40}'}))
`

const script = (end: string): string => prelude.replace('${Math.random() * 40}', String(Math.random() * 40)) + end

async function repeat(end: string, expected: { exitCode: number; stderr?: RegExp }): Promise<void> {
  for (let run = 0; run < REPEATS; run++) {
    const ended = await runScript(script(end))
    expect({ run, exitCode: ended.exitCode, signal: ended.signal }).toEqual({
      run,
      exitCode: expected.exitCode,
      signal: null,
    })
    if (expected.stderr === undefined) expect(ended.stderr).toBe('')
    else expect(ended.stderr).toMatch(expected.stderr)
  }
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
