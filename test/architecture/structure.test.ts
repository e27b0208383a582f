import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { enteredBy, exportsOf } from '../../bench/structure.mjs'

const root = join(import.meta.dirname, '../..')
const core = join(root, 'packages/core/src')

describe('the front doors', () => {
  it.each([
    ['index.ts', 118],
    ['eval/index.ts', 80],
  ])('%s has at most %i exports', (door, most) => {
    const exports = exportsOf(join(core, door))
    expect(exports).toBeGreaterThan(10)
    expect(exports).toBeLessThanOrEqual(most)
  })
})

/** The files that one call enters, in that order, by the core as it was built. */
const entered = {
  bundled: enteredBy('bundled', root),
  cohere: enteredBy('cohere', root),
  llmListwise: enteredBy('llmListwise', root),
}

describe('one call of rerank()', () => {
  it.each([
    ['bundled', 32],
    ['cohere', 18],
    ['llmListwise', 17],
  ] as const)('with %s enters at most %i files', (kind, most) => {
    expect(entered[kind]).toEqual(expect.arrayContaining(['rerank.ts', 'stage.ts']))
    expect(entered[kind].length, entered[kind].join(' ')).toBeLessThanOrEqual(most)
  })
})

describe('the walk in DESIGN.md', () => {
  const design = readFileSync(join(root, 'DESIGN.md'), 'utf8')
  const [, section = ''] = /^## One call, walked$([\s\S]*?)(?=^## )/m.exec(design) ?? []
  /** Each file once, where it is named first. */
  const walk = [...new Set([...section.matchAll(/`([\w/-]+\.ts)`/g)].map(([, path = '']) => path))]

  it('begins at the front door and passes the file that runs the model', () => {
    expect(walk[0]).toBe('index.ts')
    expect(walk).toContain('score/cross-encoder/session/node.ts')
  })

  it('names files that are there', () => {
    expect(walk.filter((path) => !existsSync(join(core, path)))).toEqual([])
  })

  // The front door itself holds no function. `node bench/structure.mjs --walk` prints the order.
  it('names them in the order in which the call enters them', () => {
    const [, ...steps] = walk
    expect(steps).not.toEqual([])
    expect(steps).toEqual(entered.bundled.filter((path) => steps.includes(path)))
  })
})
