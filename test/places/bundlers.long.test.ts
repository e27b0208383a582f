import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../package/commands.ts'
import { packAll } from '../package/packed.ts'
import { makePlace, type Place } from './support.ts'

/*
 * Bundles for Node.js that take this library in, with no setting for it. One project with every bundler; each bundle runs
 * where its node_modules are, in a thread and in a worker, and then where there are none. About four minutes.
 */
const packed = packAll()
let place: Place

const main = `
  import { createReranker, crossEncoder } from '@secondpass/core'

  const passages = [
    'The museum opens at nine and closes at five, except on Mondays.',
    'To reset your password, open Settings, choose Security and press Reset password.',
    'Bananas are rich in potassium.',
  ]
  async function rerank(workers) {
    const reranker = createReranker({ scorer: crossEncoder({ workers }), onError: 'throw' })
    const { results } = await reranker.rerank('how do I reset my password?', passages)
    await reranker.close()
    return results.map(({ index }) => index)
  }
  async function both() {
    return [await rerank(0), await rerank(1)]
  }
  both().then(
    (orders) => console.log(JSON.stringify(orders)),
    ({ code, message }) => console.log(JSON.stringify({ code, message })),
  )
`

const webpack = `
  import { join } from 'node:path'
  import webpack from 'webpack'
  const base = { mode: 'production', optimization: { minimize: false }, target: 'node', entry: './main.mjs' }
  const path = (name) => join(import.meta.dirname, 'out', name)
  const cjs = { ...base, output: { path: path('webpack-cjs'), filename: 'main.cjs' } }
  const esm = { ...base, experiments: { outputModule: true }, output: { path: path('webpack-esm'), filename: 'main.mjs', module: true, chunkFormat: 'module' } }
  webpack([cjs, esm]).run((error, stats) => {
    if (error || stats.hasErrors()) {
      console.error(error ?? stats.toString({ all: false, errors: true }))
      process.exit(1)
    }
  })
`

const rollup = `
  import commonjs from '@rollup/plugin-commonjs'
  import { nodeResolve } from '@rollup/plugin-node-resolve'
  const names = (end) => ({ entryFileNames: 'main.' + end, chunkFileNames: '[name]-[hash].' + end })
  export default {
    input: 'main.mjs',
    plugins: [nodeResolve({ exportConditions: ['node'] }), commonjs()],
    output: [
      { dir: 'out/rollup-esm', format: 'es', ...names('mjs') },
      { dir: 'out/rollup-cjs', format: 'cjs', ...names('cjs') },
    ],
  }
`

const vite = (format: 'es' | 'cjs', name: string): string => `
  import { build } from 'vite'
  const output = { format: '${format}', entryFileNames: 'main.${format === 'cjs' ? 'cjs' : 'mjs'}' }
  await build({ configFile: false, logLevel: 'error', ssr: { noExternal: true }, build: { ssr: 'main.mjs', outDir: 'out/${name}', rollupOptions: { output } } })
`

const esbuild = ['node', 'node_modules/esbuild/bin/esbuild', 'main.mjs', '--bundle', '--platform=node']
const bun = ['node_modules/.bin/bun', 'build', 'main.mjs', '--target=node']

/** Each bundle by its folder below `out`, with the file to run and the command that builds it. */
const bundles: readonly (readonly [string, string, readonly string[]])[] = [
  ['esbuild-esm', 'main.mjs', [...esbuild, '--format=esm', '--minify', '--outfile=out/esbuild-esm/main.mjs']],
  ['esbuild-cjs', 'main.cjs', [...esbuild, '--format=cjs', '--log-level=error', '--outfile=out/esbuild-cjs/main.cjs']],
  [
    'esbuild-split',
    'main.mjs',
    [...esbuild, '--format=esm', '--splitting', '--out-extension:.js=.mjs', '--outdir=out/esbuild-split'],
  ],
  ['webpack-cjs', 'main.cjs', ['node', 'webpack.mjs']],
  ['webpack-esm', 'main.mjs', []],
  ['rollup-esm', 'main.mjs', ['node', 'node_modules/rollup/dist/bin/rollup', '--config', 'rollup.config.mjs']],
  ['rollup-cjs', 'main.cjs', []],
  ['vite-esm', 'main.mjs', ['node', 'vite-es.mjs']],
  ['vite-cjs', 'main.cjs', ['node', 'vite-cjs.mjs']],
  ['bun-esm', 'main.mjs', [...bun, '--format=esm', '--outfile=out/bun-esm/main.mjs']],
  ['bun-cjs', 'main.cjs', [...bun, '--format=cjs', '--outfile=out/bun-cjs/main.cjs']],
]

beforeAll(async () => {
  place = await makePlace(packed.packages, {
    dependencies: {
      '@rollup/plugin-commonjs': '29.0.3',
      '@rollup/plugin-node-resolve': '16.0.3',
      bun: '1.4.5',
      esbuild: '0.28.2',
      rollup: '4.68.8',
      vite: '8.4.0',
      webpack: '5.113.0',
    },
    // That of bun, which puts its binary in place; ours is told to leave CUDA out.
    manifest: { allowScripts: { bun: true } },
    files: {
      'main.mjs': main,
      'webpack.mjs': webpack,
      'rollup.config.mjs': rollup,
      'vite-es.mjs': vite('es', 'vite-esm'),
      'vite-cjs.mjs': vite('cjs', 'vite-cjs'),
    },
  })
  await place.run(['node', 'node_modules/bun/install.js'])
  for (const [, , command] of bundles) if (command.length > 0) await place.mustRun(command)
})
afterAll(() => {
  place.remove()
  packed.remove()
})

describe.each(bundles)('%s', (name, file) => {
  it('reranks in a thread and in a worker where node_modules is', async () => {
    expect(JSON.parse(await place.mustRun(['node', `out/${name}/${file}`]))).toEqual([
      [1, expect.any(Number), expect.any(Number)],
      [1, expect.any(Number), expect.any(Number)],
    ])
  })

  it('says in one sentence what is missing where there is none', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'secondpass-bundle-'))
    cpSync(join(place.folder, 'out', name), elsewhere, { recursive: true })
    const { stdout } = run([process.execPath, file], elsewhere)
    rmSync(elsewhere, { recursive: true })
    expect(JSON.parse(stdout)).toEqual({
      code: 'model-files',
      message: expect.stringMatching(
        /^The bundled model @secondpass\/model-en-mini was not found: a bundler [^.]*npm install/,
      ),
    })
  })
})

it('a bundle with a model and no worker file says so, and keeps no order in silence', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'secondpass-bundle-'))
  cpSync(join(place.folder, 'out/esbuild-esm'), elsewhere, { recursive: true })
  // The runtime and the model, but not the core, whose file the worker is.
  for (const name of ['onnxruntime-node', 'onnxruntime-common', '@secondpass/model-en-mini']) {
    cpSync(join(place.folder, 'node_modules', name), join(elsewhere, 'node_modules', name), { recursive: true })
  }
  const { stdout } = run([process.execPath, 'main.mjs'], elsewhere)
  rmSync(elsewhere, { recursive: true })
  expect(JSON.parse(stdout)).toEqual({
    code: 'runtime',
    message: expect.stringMatching(/worker\.js.*a bundler [^.]*npm install/),
  })
})
