import { describe, expect, it } from 'vitest'
import { MAX_LINES, consoleFaults, frontDoorFaults, lengthFault } from './file-rules.ts'
import { importFaults } from './import-rules.ts'

/** [package, path under src, source]: every row of the table, both ways. */
const lawful: readonly [name: string, path: string, text: string][] = [
  ['core', 'errors.ts', `import type { Call } from './types.js'`],
  ['core', 'score/bm25.ts', `import type { Scorer } from '../types.js'`],
  [
    'core',
    'score/onnx/schedule.ts',
    `import { openSession } from './session.js'; import { RerankError } from '../../errors.js'`,
  ],
  [
    'core',
    'score/onnx/pool.ts',
    `import { Worker } from 'node:worker_threads'; new Worker(new URL('./worker.js', import.meta.url))`,
  ],
  ['core', 'score/onnx/session.ts', `import type { Tensor } from 'onnxruntime-node'; await import('onnxruntime-node')`],
  ['core', 'score/onnx/feeds.ts', `import type { Tensor } from 'onnxruntime-node'`],
  ['core', 'score/onnx/pool.ts', `import { stillWanted } from '../encode/runner.js'`],
  ['core', 'wrap/cache.ts', `import { key } from './key.js'; import type { Scorer } from '../types.js'`],
  ['core', 'stage.ts', `import { orderByDescending } from './order.js'; import { show } from './errors.js'`],
  ['core', 'skip/margin.ts', `import { scoresOf } from './scores.js'; import { checkNumber } from '../checks.js'`],
  ['core', 'default.ts', `const { crossEncoder } = await import('#node/score/cross-encoder/cross-encoder')`],
  ['core', 'default.ts', `await import('@secondpass/model-en-mini')`],
  ['core', 'eval/lift.ts', `import { ndcg } from './metrics.js'; import type { Ranking } from '../types.js'`],
  [
    'core',
    'eval/lift/lift.ts',
    `import { evaluate } from '../evaluate.js'; import { RerankError } from '../../errors.js'`,
  ],
  [
    'core',
    'index.ts',
    `export { bm25 } from './score/bm25.js'; export { withCache } from './wrap/cache.js'; export { createReranker } from './rerank.js'`,
  ],
  [
    'langchain',
    'index.ts',
    `import { createReranker } from '@secondpass/core'; import { BaseRetriever } from '@langchain/core/retrievers'`,
  ],
  ['llamaindex', 'nodes.ts', `import type { NodeWithScore } from '@llamaindex/core/schema'`],
]

const unlawful: readonly [name: string, path: string, text: string, fault: RegExp][] = [
  ['core', 'types.ts', `import { order } from './order.js'`, /cellar may not import hall/],
  ['core', 'spans.ts', `import { windows } from './score/encode/pairs.js'`, /cellar may not import encode/],
  ['core', 'score/bm25.ts', `import { encode } from './onnx/pairs.js'`, /score may not import score/],
  ['core', 'score/encode/pairs.ts', `import { tokens } from '../bm25.js'`, /encode may not import score/],
  ['core', 'score/hosted/cohere.ts', `import { pool } from '../onnx/pool.js'`, /score may not import score/],
  ['core', 'score/onnx/pool.ts', `import { observer } from '../../observe.js'`, /score may not import hall/],
  ['core', 'clock.ts', `import { observer } from './observe.js'`, /cellar may not import hall/],
  [
    'core',
    'score/onnx/pool.ts',
    `new Worker(new URL('../../rerank.js', import.meta.url))`,
    /score may not import hall/,
  ],
  ['core', 'score/bm25.ts', `import type { Options } from '../options.js'`, /score may not import hall/],
  ['core', 'wrap/cache.ts', `import { bm25 } from '../score/bm25.js'`, /wrap may not import score/],
  ['core', 'wrap/fuse.ts', `export { order } from '../order.js'`, /wrap may not import hall/],
  ['core', 'skip/margin.ts', `import { bm25 } from '../score/bm25.js'`, /hall may not import score/],
  ['core', 'rerank.ts', `import { withCache } from './wrap/cache.js'`, /hall may not import wrap/],
  ['core', 'rerank.ts', `const scorer = await import('./score/bm25.js')`, /hall may not import score/],
  ['core', 'rerank.ts', `import { ndcg } from './eval/metrics.js'`, /hall may not import eval/],
  [
    'core',
    'default.ts',
    `import { crossEncoder } from '#node/score/cross-encoder/cross-encoder'`,
    /hall may not import score/,
  ],
  ['core', 'rerank.ts', `await import('#node/score/cross-encoder/cross-encoder')`, /hall may not import score/],
  [
    'core',
    'score/bm25.ts',
    `import { crossEncoder } from '#node/score/cross-encoder/cross-encoder'`,
    /score may not import score/,
  ],
  ['core', 'index.ts', `export { x } from '#elsewhere'`, /in no room of core/],
  ['core', 'default.ts', `import model from '@secondpass/model-en-mini'`, /only default\.ts may, dynamically/],
  ['core', 'rerank.ts', `await import('@secondpass/model-en-mini')`, /only default\.ts may, dynamically/],
  ['core', 'rerank.ts', `import { createReranker } from './index.js'`, /hall may not import index/],
  ['core', 'stage.ts', `import pLimit from 'p-limit'`, /hall may not import the package p-limit/],
  ['core', 'eval/lift.ts', `import { createReranker } from '../rerank.js'`, /eval may not import hall/],
  ['core', 'eval/lift.ts', `import { bm25 } from '../score/bm25.js'`, /eval may not import score/],
  ['core', 'index.ts', `export { ndcg } from './eval/metrics.js'`, /index may not import eval/],
  [
    'core',
    'score/onnx/session.ts',
    `import { InferenceSession } from 'onnxruntime-node'`,
    /only score\/onnx\/session\.ts may/,
  ],
  [
    'core',
    'score/onnx/feeds.ts',
    `import { type Tensor } from 'onnxruntime-node'`,
    /only score\/onnx\/session\.ts may/,
  ],
  ['core', 'score/onnx/feeds.ts', `const ort = await import('onnxruntime-node')`, /only score\/onnx\/session\.ts may/],
  ['core', 'score/bm25.ts', `const ort = require('onnxruntime-node')`, /only score\/onnx\/session\.ts may/],
  ['core', 'types.ts', `type Run = import('onnxruntime-node').InferenceSession`, /only score\/onnx\/session\.ts may/],
  ['core', 'attic/junk.ts', `import { show } from '../errors.js'`, /in no room/],
  ['core', 'rerank.ts', `import { x } from '../../langchain/src/index.js'`, /in no room of core/],
  ['langchain', 'index.ts', `import { order } from '../../core/src/order.js'`, /outside its package/],
  ['langchain', 'index.ts', `import model from '@secondpass/model-en-mini/package.json'`, /@secondpass\/core only/],
  ['langchain', 'index.ts', `import 'onnxruntime-node'`, /core's business/],
  ['llamaindex', 'nodes.ts', `import { MetadataMode } from '@llamaindex/core/schema'`, /types only/],
]

describe('the checker of imports', () => {
  it.each(lawful)('lets %s/%s have: %s', (name, path, text) => {
    expect(importFaults(name, path, text)).toEqual([])
  })

  it.each(unlawful)('refuses %s/%s: %s', (name, path, text, fault) => {
    expect(importFaults(name, path, text)).toEqual([expect.stringMatching(fault)])
  })

  it('names the line', () => {
    expect(importFaults('core', 'types.ts', `\n\nimport { order } from './order.js'`)[0]).toMatch(
      /^packages\/core\/src\/types\.ts:3: /,
    )
  })

  it('is not fooled by comments and strings', () => {
    expect(
      importFaults('core', 'types.ts', `// import { order } from './order.js'\nconst text = "import './order.js'"`),
    ).toEqual([])
  })
})

describe('the checker of files', () => {
  it('counts lines, with or without a newline at the end', () => {
    const lines = Array.from({ length: MAX_LINES }, () => '//')
    expect(lengthFault('core/src/stage.ts', `${lines.join('\n')}\n`)).toBeUndefined()
    expect(lengthFault('core/src/stage.ts', [...lines, '//'].join('\n'))).toMatch(/has 201 lines/)
    expect(lengthFault('core/src/types.ts', [...lines, '//'].join('\n'))).toBeUndefined()
  })

  it.each([
    [`export * from './rerank.js'`, /whole module/],
    [`export * as rerank from './rerank.js'`, /whole module/],
    [`import './polyfill.js'`, /more than exports/],
    [`export const version = '1'`, /more than exports/],
    [`export default 1`, /more than exports/],
  ])('refuses a front door with: %s', (text, fault) => {
    expect(frontDoorFaults('core/src/index.ts', text)).toEqual([expect.stringMatching(fault)])
  })

  it('lets a front door have named exports', () => {
    const text = `/** The front door. */\nexport { createReranker } from './rerank.js'\nexport type { Scorer } from './types.js'`
    expect(frontDoorFaults('core/src/index.ts', text)).toEqual([])
  })

  it('finds prints, and only prints', () => {
    const text = `console.log(1)\nconst { warn } = logger\n// console.error(2)\nmy.console.log(3)`
    expect(consoleFaults('core/src/stage.ts', text)).toEqual([expect.stringMatching(/:1: prints with console\.log$/)])
  })
})
