import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { adviceOn, type Known, projectIn, unneededIn } from '../../packages/core/src/doctor/advice.ts'
import { scratchFolder } from '../fixtures/hub/scratch.ts'

/** A machine where all is well, and an application that says nothing of itself. */
function known(changes: {
  report?: object
  project?: Partial<Known['project']> & { readonly packages?: readonly string[] }
  unneeded?: Partial<Known['unneeded']>
  options?: Known['options']
  env?: Known['env']
}): Known {
  const { packages = [], ...project } = changes.project ?? {}
  const report = {
    machine: { node: 'v24.4.0', libc: 'glibc 2.36' },
    trial: { scorerId: 'model@2', provider: 'cpu', tokenizer: 'wordpiece', pairMs: 4.2 },
    measured: { error: 'the model of the trial did not score' },
    ...changes.report,
  }
  return {
    report: report as unknown as Known['report'],
    options: changes.options ?? {},
    project: { dependencies: new Set(packages), nextConfig: '', ...project },
    unneeded: { otherMachines: 0, cuda: 0, ...changes.unneeded },
    env: changes.env ?? {},
  }
}

/** So many threads and workers that pay. */
function measured({ threads = 1, workers = 1, times = [] as readonly number[] }): object {
  const count = (chosen: number): object => ({
    steps: [{ count: 1, pairMs: 9 }],
    chosen,
    reason: `${chosen} take less`,
  })
  const dtypes = times.map((pairMs, at) => ({ dtype: ['fp32', 'int8'][at], pairMs }))
  return { threads: count(threads), workers: count(workers), dtypes }
}

const MIB = 2 ** 20

describe('advice', () => {
  it('is none where there is nothing to say', () => {
    expect(adviceOn(known({ project: { packages: ['lodash', '@secondpass/core'] } }))).toEqual([])
    const report = { measured: measured({ threads: 2, workers: 2, times: [10, 9] }) }
    for (const options of [
      { threads: 2, workers: 2 },
      { threads: 'measured', workers: 'measured' },
      { threads: 2, dtype: 'int8' },
    ] as const)
      expect(adviceOn(known({ report, options }))).toEqual([])
  })

  it.each<[string, Parameters<typeof known>[0], about: string, reason: RegExp, action: string]>([
    ['a server', { project: { packages: ['fastify'] } }, 'workers', /fastify.*4\.2 ms/, 'crossEncoder({ workers: 1 })'],
    [
      'a server where two workers pay',
      { project: { packages: ['fastify'] }, report: { measured: measured({ workers: 2 }) } },
      'workers',
      /fastify.*; of workers, 2 take/,
      'crossEncoder({ workers: 2 })',
    ],
    [
      'workers that could be more',
      { options: { workers: 1 }, report: { measured: measured({ workers: 4 }) } },
      'workers',
      /^of workers, 4 take/,
      'crossEncoder({ workers: 4 })',
    ],
    [
      'threads that pay',
      { report: { measured: measured({ threads: 2 }) } },
      'threads',
      /^inside one run, 2 take/,
      'crossEncoder({ threads: 2 })',
    ],
    [
      'threads that do not pay',
      { options: { threads: 4 }, report: { measured: measured({ threads: 1 }) } },
      'threads',
      /^inside one run, 1 take/,
      'crossEncoder({ threads: 1 })',
    ],
    [
      'bytes that pay',
      { options: { model: 'org/name' }, report: { measured: measured({ times: [20, 8] }) } },
      'dtype',
      /^int8 takes 40% of the time of fp32.*secondpass eval/,
      "crossEncoder({ model: 'org/name', dtype: 'int8' })",
    ],
    [
      'binaries of other systems',
      { unneeded: { otherMachines: 137 * MIB } },
      'size',
      /^137 MiB .* other systems/,
      'secondpass prune-runtime --yes',
    ],
    [
      'libraries for CUDA',
      { unneeded: { cuda: 400 * MIB } },
      'size',
      /^400 MiB .*CUDA/,
      'ONNXRUNTIME_NODE_INSTALL=skip',
    ],
    ['an old Node.js', { report: { machine: { node: 'v20.20.2' } } }, 'node', /v20\.20\.2 gets no/, 'Node.js 22 or 24'],
    ['a short-lived Node.js', { report: { machine: { node: 'v25.1.0' } } }, 'node', /v25\.1\.0 is of/, 'Node.js 22'],
    [
      'musl',
      { report: { machine: { node: 'v24.0.0', libc: 'musl' }, trial: { provider: 'wasm' } } },
      'webassembly',
      /musl/,
      'node:24-slim',
    ],
    ['another fallback', { report: { trial: { provider: 'wasm' } } }, 'webassembly', /does not load/, 'says why'],
    ['JavaScript for tokens', { report: { trial: { tokenizer: 'javascript' } } }, 'tokenizers', /Rust/, 'tokenizers'],
    [
      'LangChain',
      { project: { packages: ['langchain'] } },
      'adapter',
      /LangChain/,
      'npm install @secondpass/langchain',
    ],
    ['the AI SDK', { project: { packages: ['ai'] } }, 'adapter', /AI SDK/, 'npm install @secondpass/ai-sdk'],
    ['Mastra', { project: { packages: ['@mastra/rag'] } }, 'adapter', /Mastra/, 'npm install @secondpass/mastra'],
    ['LlamaIndex', { project: { packages: ['llamaindex'] } }, 'adapter', /LlamaIndex/, '@secondpass/llamaindex'],
    ['a client without its key', { project: { packages: ['cohere-ai'] } }, 'keys', /CO_API_KEY/, 'set COHERE_API_KEY'],
    [
      'a calibration of another model',
      { project: { calibratedFor: 'model@1' } },
      'calibration',
      /made for model@1, and model@2/,
      'secondpass calibrate',
    ],
  ])('on %s has one reason and one action', (_case, facts, about, reason, action) => {
    const [one, ...others] = adviceOn(known(facts))
    expect(others).toEqual([])
    expect(one).toEqual({ about, reason: expect.stringMatching(reason), action: expect.stringContaining(action) })
  })

  it.each<[string, Parameters<typeof known>[0]]>([
    ['workers are used', { project: { packages: ['hono'] }, options: { workers: 'auto' } }],
    ['CUDA computes', { unneeded: { cuda: 400 * MIB }, options: { providers: ['cuda', 'cpu'] } }],
    ['the adapter is there', { project: { packages: ['langchain', '@secondpass/langchain'] } }],
    ['the key is set', { project: { packages: ['cohere-ai'] }, env: { CO_API_KEY: 'x' } }],
    ['the calibration fits', { project: { calibratedFor: 'model@2' } }],
    ['parts could not be examined', { report: { machine: { error: 'x' }, trial: { error: 'y' } } }],
  ])('is none where %s', (_case, facts) => expect(adviceOn(known(facts))).toEqual([]))

  it('on Next.js is workers, and what its bundler has to be told', () => {
    const packages = ['next']
    const actions = adviceOn(known({ project: { packages } })).map(({ action }) => action)
    expect(actions).toEqual([expect.stringContaining('workers'), expect.stringContaining('serverExternalPackages')])
    const nextConfig = "export default { serverExternalPackages: ['@secondpass/core'] }"
    expect(adviceOn(known({ project: { packages, nextConfig } })).map(({ about }) => about)).toEqual(['workers'])
  })
})

describe('what it looks at', () => {
  it('are the packages, the calibration and the configuration of a folder, and nothing where they are broken', () => {
    const folder = scratchFolder()
    expect(projectIn(folder)).toEqual({ dependencies: new Set(), nextConfig: '' })
    const manifest = { dependencies: { ai: '6' }, devDependencies: { next: '16' } }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(folder, 'calibration.json'), JSON.stringify({ version: 1, scorerId: 'model@1', skip: null }))
    writeFileSync(join(folder, 'next.config.mjs'), 'export default {}')
    expect(projectIn(folder)).toEqual({
      dependencies: new Set(['ai', 'next']),
      nextConfig: 'export default {}',
      calibratedFor: 'model@1',
    })
    for (const name of ['package.json', 'calibration.json']) writeFileSync(join(folder, name), '[')
    expect(projectIn(folder)).toEqual({ dependencies: new Set(), nextConfig: 'export default {}' })
    rmSync(folder, { recursive: true })
  })

  it('are the binaries of other machines, and those of CUDA', () => {
    const folder = scratchFolder()
    const put = (path: string, bytes: number): void => {
      mkdirSync(join(folder, 'bin/napi-v6', path, '..'), { recursive: true })
      writeFileSync(join(folder, 'bin/napi-v6', path), 'x'.repeat(bytes))
    }
    put(`${process.platform}/${process.arch}/onnxruntime_binding.node`, 5)
    put(`${process.platform}/${process.arch}/libonnxruntime_providers_cuda.so`, 70)
    put('elsewhere/x64/onnxruntime_binding.node', 300)
    expect(unneededIn(folder)).toEqual({ otherMachines: 300, cuda: 70 })
    expect(unneededIn(join(folder, 'nothing'))).toEqual({ otherMachines: 0, cuda: 0 })
    rmSync(folder, { recursive: true })
  })
})
