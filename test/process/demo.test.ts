import { beforeAll, describe, expect, it } from 'vitest'
import { maskTimings } from './printed-output.ts'
import { type Ended, runScript } from './run-script.ts'

const demo = "await import('./examples/demo.mjs')"

describe('the demo', () => {
  let once: Ended
  let again: Ended

  beforeAll(async () => {
    once = await runScript(demo)
    again = await runScript(demo)
  })

  it('ends with 0 and writes nothing to stderr', () => {
    expect({ exitCode: once.exitCode, stderr: once.stderr }).toEqual({ exitCode: 0, stderr: '' })
  })

  it('prints plain lines of at most 80 columns when it is not on a terminal', () => {
    expect(once.stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(once.stdout).not.toContain('\u001b')
  })

  it('says what moved, from where to where, and how long it took', () => {
    expect(once.stdout).toMatch(/\d+ -> \d+/)
    expect(once.stdout).toMatch(/^second call +\d+\.\d ms {2}\d+ pairs$/m)
    expect(once.stdout).toMatch(/^ 0\.\d{3} [01]\.\d{3} [01]\.\d{3} +mean reciprocal rank$/m)
  })

  it('prints the same twice but for the timings', () => {
    expect(maskTimings(again.stdout)).toBe(maskTimings(once.stdout))
  })
})
