import { describe, expect, it } from 'vitest'
import { MAX_LINES, consoleFaults, frontDoorFaults, lengthFault } from './file-rules.ts'
import { importFaults } from './import-rules.ts'
import { cyclesOf, graphOf, graphOfFolders } from './sources.ts'

/** [package, path under src, source]: every row of the table, both ways. */
const lawful: readonly [name: string, path: string, text: string][] = [
  ['core', 'base/errors.ts', `import type { Call } from '../types.js'`],
  ['core', 'types.ts', `import type { Clock } from './base/clock.js'`],
  ['core', 'score/bm25.ts', `import type { Scorer } from '../types.js'`],
  ['core', 'score/hub/cache.ts', `import { RerankError } from '../../base/errors.js'`],
  [
    'core',
    'score/cross-encoder/runner.ts',
    `import { openSession } from './session/node.js'; import { cacheFolder } from '../hub/cache.js'`,
  ],
  [
    'core',
    'score/cross-encoder/session/worker-pool.ts',
    `import { Worker } from 'node:worker_threads'; new Worker(new URL('./worker.js', import.meta.url))`,
  ],
  [
    'core',
    'score/cross-encoder/session/node.ts',
    `import type { Tensor } from 'onnxruntime-node'; await import('onnxruntime-node')`,
  ],
  ['core', 'score/cross-encoder/session/feeds.ts', `import type { Tensor } from 'onnxruntime-node'`],
  ['core', 'score/colbert/encoder.ts', `import type { Tensor } from 'onnxruntime-node'`],
  ['core', 'score/colbert/encoder.ts', `import { createWordPiece } from '../cross-encoder/tokenizer/wordpiece.js'`],
  ['core', 'wrap/cache.ts', `import { digest } from './sha256.js'; import type { Scorer } from '../types.js'`],
  ['core', 'stage.ts', `import { orderByDescending } from './order.js'; import { show } from './base/errors.js'`],
  [
    'core',
    'skip/calibrated.ts',
    `import { signals } from './signals.js'; import { checkNumber } from '../base/check.js'`,
  ],
  ['core', 'rerank.ts', `import { crossEncoder } from '#node/score/cross-encoder/cross-encoder'`],
  ['core', 'eval/lift.ts', `import { ndcg } from './metrics.js'; import { order } from '../order.js'`],
  ['core', 'eval/calibrate/skip.ts', `import { signals } from '../../skip/signals.js'`],
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
  [
    'cli',
    'commands/eval.ts',
    `import { createReranker } from '@secondpass/core'; import { pools } from '../pools/file.js'`,
  ],
  ['cli', 'version.ts', `import manifest from '../package.json' with { type: 'json' }`],
  ['cli', 'report/charts.ts', `const { View } = await import('vega')`],
  ['cli', 'report/sections.ts', `import type { Spec } from 'vega'; import { escape } from './html.js'`],
]

const onlyNode = /only score\/cross-encoder\/session\/node\.ts may/
const unlawful: readonly [name: string, path: string, text: string, fault: RegExp][] = [
  ['core', 'types.ts', `import { order } from './order.js'`, /base may not import order/],
  [
    'core',
    'base/spans.ts',
    `import { windows } from '../score/cross-encoder/pairs.js'`,
    /base may not import cross-enc/,
  ],
  ['core', 'base/clock.ts', `import { Stage } from '../stage.js'`, /base may not import hall/],
  ['core', 'order.ts', `import { options } from './options.js'`, /order may not import hall/],
  ['core', 'score/bm25.ts', `import { encode } from './cross-encoder/pairs.js'`, /score may not import cross-encoder/],
  ['core', 'score/bm25.ts', `import type { Options } from '../options.js'`, /score may not import hall/],
  ['core', 'score/cross-encoder/pairs.ts', `import { tokens } from '../bm25.js'`, /cross-encoder may not import score/],
  ['core', 'score/hub/cache.ts', `import { x } from '../cross-encoder/pairs.js'`, /hub may not import cross-encoder/],
  ['core', 'score/remote/scorer.ts', `import { pool } from '../hub/http.js'`, /remote may not import hub/],
  [
    'core',
    'score/cross-encoder/runner.ts',
    `import { maxSim } from '../colbert/documents.js'`,
    /may not import colbert/,
  ],
  [
    'core',
    'score/cross-encoder/session/worker-pool.ts',
    `new Worker(new URL('../../../rerank.js', import.meta.url))`,
    /cross-encoder may not import hall/,
  ],
  ['core', 'wrap/cache.ts', `import { bm25 } from '../score/bm25.js'`, /wrap may not import score/],
  ['core', 'wrap/fuse.ts', `export { order } from '../stage.js'`, /wrap may not import hall/],
  ['core', 'skip/query.ts', `import { bm25 } from '../score/bm25.js'`, /skip may not import score/],
  ['core', 'select/select.ts', `import { request } from '../request.js'`, /select may not import hall/],
  ['core', 'telemetry/trace.ts', `import { Stage } from '../stage.js'`, /telemetry may not import hall/],
  ['core', 'rerank.ts', `import { withCache } from './wrap/cache.js'`, /hall may not import wrap/],
  ['core', 'rerank.ts', `const scorer = await import('./score/bm25.js')`, /hall may not import score/],
  ['core', 'rerank.ts', `import { ndcg } from './eval/metrics.js'`, /hall may not import eval/],
  ['core', 'stage.ts', `import { crossEncoder } from '#node/score/cross-encoder/cross-encoder'`, /hall may not import/],
  [
    'core',
    'score/bm25.ts',
    `await import('#node/score/cross-encoder/cross-encoder')`,
    /score may not import cross-enc/,
  ],
  ['core', 'index.ts', `export { x } from '#elsewhere'`, /in no room of core/],
  ['core', 'rerank.ts', `await import('@secondpass/model-en-mini')`, /only .* may, when it is asked for/],
  ['core', 'rerank.ts', `import { createReranker } from './index.js'`, /hall may not import index/],
  ['core', 'stage.ts', `import pLimit from 'p-limit'`, /hall may not import the package p-limit/],
  ['core', 'eval/lift.ts', `import { createReranker } from '../rerank.js'`, /eval may not import hall/],
  ['core', 'eval/lift.ts', `import { bm25 } from '../score/bm25.js'`, /eval may not import score/],
  ['core', 'index.ts', `export { ndcg } from './eval/metrics.js'`, /index may not import eval/],
  ['core', 'score/cross-encoder/session/node.ts', `import { InferenceSession } from 'onnxruntime-node'`, onlyNode],
  ['core', 'score/cross-encoder/session/feeds.ts', `import { type Tensor } from 'onnxruntime-node'`, onlyNode],
  ['core', 'score/cross-encoder/session/feeds.ts', `const ort = await import('onnxruntime-node')`, onlyNode],
  ['core', 'score/bm25.ts', `const ort = require('onnxruntime-node')`, onlyNode],
  ['core', 'types.ts', `type Run = import('onnxruntime-node').InferenceSession`, onlyNode],
  ['core', 'score/remote/http.ts', `import type { Tensor } from 'onnxruntime-node'`, onlyNode],
  ['core', 'attic/junk.ts', `import { show } from '../base/errors.js'`, /in no room/],
  ['core', 'rerank.ts', `import { x } from '../../langchain/src/index.js'`, /in no room of core/],
  ['langchain', 'index.ts', `import { order } from '../../core/src/order.js'`, /outside its package/],
  ['langchain', 'index.ts', `import model from '@secondpass/model-en-mini/package.json'`, /@secondpass\/core only/],
  ['langchain', 'index.ts', `import 'onnxruntime-node'`, /core's business/],
  ['llamaindex', 'nodes.ts', `import { MetadataMode } from '@llamaindex/core/schema'`, /types only/],
  ['cli', 'report/html.ts', `import { write } from '../io.js'`, /report may import nothing else of ours/],
  ['cli', 'report/html.ts', `import { View } from 'vega'`, /only report\/charts\.ts may/],
  ['cli', 'pools/beir.ts', `import { x } from 'lodash'`, /which the command line may not/],
  ['cli', 'pools/beir.ts', `import { order } from '@secondpass/core/dist/order.js'`, /which the command line may not/],
  ['cli', 'pools/beir.ts', `import { order } from '../../../core/src/order.js'`, /outside its package/],
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

describe('the checker of circles', () => {
  const graph = graphOf(
    [
      ['a/one.ts', `import { two } from '../b/two.js'`],
      ['b/two.ts', `export const two = 2`],
      ['b/three.ts', `import type { One } from '../a/one.js'; import { four } from './four.js'`],
      ['b/four.ts', `const { three } = await import('#node/b/three')`],
      ['top.ts', `import './a/one.js'`],
    ].map(([path = '', text = '']) => ({ name: 'core', path, text })),
  )

  it('finds one between files, by imports of every kind', () => {
    expect(cyclesOf(graph)).toEqual(['b/three.ts → b/four.ts → b/three.ts'])
  })

  it('finds one between folders that no file closes', () => {
    expect(cyclesOf(graphOfFolders(graph))).toEqual(['a → b → a'])
  })

  it('finds none where there is none', () => {
    graph.get('b/four.ts')?.clear()
    expect(cyclesOf(graph)).toEqual([])
  })
})

describe('the checker of files', () => {
  it('counts lines, with or without a newline at the end', () => {
    const lines = Array.from({ length: MAX_LINES }, () => '//')
    expect(lengthFault('core/src/stage.ts', `${lines.join('\n')}\n`)).toBeUndefined()
    expect(lengthFault('core/src/stage.ts', [...lines, '//'].join('\n'))).toMatch(/has 401 lines/)
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
