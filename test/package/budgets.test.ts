import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, expect, it } from 'vitest'
import { packAll } from './packed.ts'

const packed = packAll()
afterAll(() => packed.remove())

/**
 * The most that an entry may weigh, minified, with everything that is loaded with it and without what is loaded later or
 * comes from other packages. Raise one on purpose, in the commit that needs it.
 */
const budgets: readonly (readonly [string, string, 'node' | 'browser', number])[] = [
  ['@secondpass/core', 'dist/node/index.js', 'node', 304_000],
  ['@secondpass/core', 'dist/node/eval.js', 'node', 70_000],
  ['@secondpass/core', 'dist/index.js', 'browser', 180_000],
  ['@secondpass/core', 'dist/eval/index.js', 'browser', 70_000],
  ['@secondpass/langchain', 'dist/index.js', 'node', 20_000],
  ['@secondpass/llamaindex', 'dist/index.js', 'node', 15_000],
]

it.each(budgets)('%s: %s in %s is at most %i bytes', async (name, entry, platform, most) => {
  const pack = packed.packages.find(({ manifest }) => manifest.name === name)
  const { metafile } = await build({
    entryPoints: [join(pack?.folder ?? '', entry)],
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    outdir: 'out',
    platform,
    packages: 'external',
    absWorkingDir: pack?.folder ?? '',
  })
  const outputs = new Map(Object.entries(metafile.outputs))
  const first = [...outputs].find(([, { entryPoint }]) => entryPoint === entry)?.[0] as string
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const { path, kind } of outputs.get(file)?.imports ?? []) if (kind === 'import-statement') visit(path)
  }
  visit(first)
  const bytes = [...seen].reduce((sum, file) => sum + (outputs.get(file)?.bytes ?? 0), 0)
  expect(bytes).toBeGreaterThan(1000)
  expect(bytes).toBeLessThanOrEqual(most)
})
