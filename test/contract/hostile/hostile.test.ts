import { NoSuchModelError } from '@ai-sdk/provider'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as core from '../../../packages/core/src/index.ts'
import * as evaluation from '../../../packages/core/src/eval/index.ts'
import * as aiSdk from '../../../packages/ai-sdk/src/index.ts'
import * as langchain from '../../../packages/langchain/src/index.ts'
import * as llamaindex from '../../../packages/llamaindex/src/index.ts'
import { deepFreeze } from '../../fixtures/deep-freeze.ts'
import { sized } from '../../fixtures/size.ts'
import { aiSdkCalls, coreCalls, evalCalls, langchainCalls, llamaindexCalls, type PublicCalls } from './calls.ts'
import { anyHostile, Hostile } from './values.ts'

const packages: Readonly<Record<string, readonly [exports: object, calls: PublicCalls]>> = {
  core: [core, coreCalls],
  'core/eval': [evaluation, evalCalls],
  'ai-sdk': [aiSdk, aiSdkCalls],
  langchain: [langchain, langchainCalls],
  llamaindex: [llamaindex, llamaindexCalls],
}

const all = Object.values(packages)
  .flatMap(([, calls]) => Object.values(calls))
  .filter((call) => typeof call !== 'string')
/** Tries of each function, so that all of them together are so many. */
/** The same every time, so that a change is what makes it fail; `SECONDPASS_SEED=7` looks elsewhere. */
const seed = Number(process.env['SECONDPASS_SEED'] ?? 1)

const tries = Math.ceil(sized(4000, 100_000) / all.length)
/** Processor time of one call; a hundred times what the slowest takes. */
const MOST_MS = 5000

describe.each(Object.entries(packages))('%s', (_, [exports, calls]) => {
  it('has a call for each export', () => {
    expect(Object.keys(calls).toSorted()).toEqual(Object.keys(exports).toSorted())
  })

  const called = Object.entries(calls).flatMap(([name, call]) =>
    typeof call === 'string' ? [] : [[name, call] as const],
  )
  it.each(called)('%s says what is wrong, or works, whatever it is given', async (name, { args, run }) => {
    const places = placesIn(args())
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...places), anyHostile), { minLength: 1, maxLength: 2 }),
        async (changes) => {
          const given = args()
          for (const [place, make] of changes) put(given, place, make())
          freezePlain(given)
          const before = process.cpuUsage()
          try {
            await run(...(given as never[]))
          } catch (error) {
            if (!isExpected(error)) throw new Error(`${name} threw ${String(error)}`, { cause: error })
          }
          const { user, system } = process.cpuUsage(before)
          expect((user + system) / 1000).toBeLessThan(MOST_MS)
        },
      ),
      { numRuns: tries, seed },
    )
  })
})

/** An error of ours, or one that the caller's own object threw. */
function isExpected(error: unknown): boolean {
  if (error instanceof Hostile || core.RerankError.is(error) || NoSuchModelError.isInstance(error)) return true
  return error instanceof Error && error.cause !== undefined && isExpected(error.cause)
}

type Path = readonly (string | number)[]

/** Every place in some arguments where another value can stand: the arguments themselves, and what plain objects hold. */
function placesIn(value: unknown, path: Path = []): Path[] {
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value ?? 0) === Object.prototype
  const inner = isPlain ? Object.entries(value as object).flatMap(([key, one]) => placesIn(one, [...path, key])) : []
  return path.length === 0 ? inner : [path, ...inner]
}

function put(root: unknown[], path: Path, value: unknown): void {
  try {
    let holder: unknown = root
    for (const key of path.slice(0, -1)) {
      if (typeof holder !== 'object' || holder === null) return
      holder = Reflect.get(holder, key) as unknown
    }
    if (typeof holder !== 'object' || holder === null || Object.isFrozen(holder)) return
    Reflect.set(holder, path.at(-1) as string, value)
  } catch {
    // A hostile value stands in the way.
  }
}

/** Whoever changes what he was given gets a TypeError, which is no expected one. What a scorer adds up in stays open. */
function freezePlain(args: readonly unknown[]): void {
  for (const value of args) {
    try {
      if (Array.isArray(value) || Object.getPrototypeOf(value ?? 0) === Object.prototype) {
        if (!('stats' in (value as object)) && !isDeep(value)) deepFreeze(value)
      }
    } catch {
      // A hostile value cannot be frozen either.
    }
  }
}

function isDeep(value: unknown): boolean {
  let depth = 0
  for (let inner = value; typeof inner === 'object' && inner !== null; inner = (inner as { inner?: unknown }).inner) {
    if ((depth += 1) > 50) return true
  }
  return false
}
