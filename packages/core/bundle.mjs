// @ts-check
/**
 * Merges what tsc wrote into a few files for Node.js, below dist/node: to find, read and link a hundred small modules
 * takes a quarter of the time to the first score. Runs before the package is packed; a checkout works without it, and
 * browsers are given the small modules, of which their bundlers leave out what is not used.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const dist = join(import.meta.dirname, 'dist')
const outdir = join(dist, 'node')

rmSync(outdir, { recursive: true, force: true })
const entries = [
  { index: join(dist, 'index.js'), eval: join(dist, 'eval/index.js') },
  // Beside the others, because it is looked for beside the module that starts it; by itself, because what two entries share
  // is a file of its own, and a worker shares nothing with the thread that starts it.
  { worker: join(dist, 'score/cross-encoder/session/worker.js') },
]
for (const entryPoints of entries) {
  await build({
    entryPoints,
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
    plugins: [
      {
        // Names of `imports` in package.json count as packages otherwise.
        name: 'own-imports',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^#node\// }, ({ path }) => ({ path: join(dist, `${path.slice('#node/'.length)}.js`) })),
      },
    ],
  })
}
