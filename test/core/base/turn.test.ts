import { afterEach, expect, it, vi } from 'vitest'
import { nextTurn } from '../../../packages/core/src/base/clock.ts'

afterEach(() => void vi.unstubAllGlobals())

it.each([
  ['Node.js', []],
  ['a browser', ['setImmediate']],
  ['a runtime with timers alone', ['setImmediate', 'MessageChannel']],
])('lets whatever was due before run first, in %s', async (_where, missing) => {
  const due = new Promise<string>((resume) => setTimeout(resume, 0, 'timer'))
  let ran = 0
  setTimeout(() => (ran += 1), 0)
  const { setTimeout: later } = globalThis
  for (const name of missing) vi.stubGlobal(name, undefined)
  // A loop that only awaits resolved promises would starve the timer for good.
  for (let turns = 0; ran === 0 && turns < 100_000; turns++) await nextTurn()
  expect(ran).toBe(1)
  expect(await due).toBe('timer')
  expect(globalThis.setTimeout).toBe(later)
})

it('gives each of many callers a turn of its own', async () => {
  let [ran, most, last, isDone] = [0, 0, 0, false]
  const look = (): void => {
    most = Math.max(most, ran - last)
    last = ran
    if (!isDone) setImmediate(look)
  }
  look()
  const callers = Array.from({ length: 20 }, async () => {
    for (let slice = 0; slice < 5; slice++) {
      await nextTurn()
      ran += 1
    }
  })
  await Promise.all(callers)
  isDone = true
  expect([ran, most]).toEqual([100, 1])
})
