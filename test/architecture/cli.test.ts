import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cliFaults } from './cli-rules.ts'

const folder = join(import.meta.dirname, '../../packages/cli/src')
const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replaceAll('\\', '/'))

describe('the sources of the command line', () => {
  it('are found', () => expect(paths).toContain('bin.ts'))

  it('import only what lies below them, and only the packages named', () => {
    expect(paths.flatMap((path) => cliFaults(path, readFileSync(join(folder, path), 'utf8')))).toEqual([])
  })

  it('touch the process they run in only in bin.ts', () => {
    const touching = paths.filter((path) => {
      const text = readFileSync(join(folder, path), 'utf8')
      return /\bprocess\.(exit|exitCode|on|once|stdout|stderr|stdin|env)\b/.test(text)
    })
    expect(touching).toEqual(['bin.ts'])
  })
})

describe('the checker', () => {
  it.each([
    ['commands/eval.ts', `import { evalPools } from '../eval/pools.js'`],
    [
      'measure/depth.ts',
      `import { createReranker } from '@secondpass/core'; import type { Scored } from './scored.js'`,
    ],
    ['report/charts.ts', `const { View } = await import('vega')`],
    ['report/chart-lift.ts', `import type { Spec } from 'vega'`],
    ['run.ts', `import { buildProgram } from './program.js'`],
  ])('lets %s have: %s', (path, text) => expect(cliFaults(path, text)).toEqual([]))

  it.each([
    ['measure/depth.ts', `import { addDepth } from '../commands/depth.js'`, /measure may not import commands/],
    ['scorer/load.ts', `import type { Pool } from '../pools/types.js'`, /scorer may not import pools/],
    ['report/html.ts', `import { write } from '../io.js'`, /report may not import io/],
    ['report/html.ts', `import { View } from 'vega'`, /only report\/charts\.ts may/],
    ['pools/beir.ts', `import { x } from 'lodash'`, /which the command line may not/],
    ['pools/beir.ts', `import { order } from '@secondpass/core/dist/order.js'`, /which the command line may not/],
    ['pools/beir.ts', `import { order } from '../../../core/src/order.js'`, /stands on no floor/],
    ['attic/x.ts', `import { show } from '../errors.js'`, /attic stands on no floor/],
  ])('refuses %s: %s', (path, text, fault) => expect(cliFaults(path, text)).toEqual([expect.stringMatching(fault)]))
})
