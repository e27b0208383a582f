import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BuildResult, type OutputFile, build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
/** A project that has installed the core and nothing optional. */
const project = mkdtempSync(join(tmpdir(), 'secondpass-bundle-'))

beforeAll(() => {
  const core = join(project, 'node_modules/@secondpass/core')
  mkdirSync(join(project, 'node_modules/@huggingface'), { recursive: true })
  cpSync(join(root, 'packages/core/dist'), join(core, 'dist'), { recursive: true })
  cpSync(join(root, 'packages/core/package.json'), join(core, 'package.json'))
  for (const name of ['@huggingface/jinja', '@huggingface/tokenizers']) {
    symlinkSync(join(root, 'packages/core/node_modules', name), join(project, 'node_modules', name))
  }
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

type Bundle = BuildResult<{ write: false; metafile: true }>

function bundle(code: string, conditions?: string[]): Promise<Bundle> {
  const entry = join(project, 'entry.js')
  writeFileSync(entry, code)
  return build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
    outdir: join(project, 'out'),
    ...(conditions === undefined
      ? { platform: 'browser' }
      : { platform: 'neutral', conditions, mainFields: ['module', 'main'] }),
  })
}

/** Everything that the bundle leaves to be imported when it runs. */
function leftToImport({ metafile }: Bundle): string[] {
  return Object.values(metafile.outputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external).map(({ path }) => path),
  )
}

const gzipped = ({ outputFiles }: Bundle): number => {
  const entry = outputFiles.find(({ path }) => path.endsWith('entry.js')) as OutputFile
  return gzipSync(entry.contents).length
}

describe.each([
  ['browsers', undefined],
  ['Cloudflare Workers', ['workerd', 'worker', 'browser']],
  ['Vercel Edge', ['edge-light', 'worker']],
])('the front door, bundled for %s', (_name, conditions) => {
  it('is whole, and asks for nothing of Node.js', async () => {
    const made = await bundle(`export * from '@secondpass/core'`, conditions)
    const optional = ['@huggingface/transformers', '@opentelemetry/api', 'aws4fetch', 'cohere-ai']
    const left = leftToImport(made).filter((path) => !optional.includes(path))
    expect(left).toEqual([])
    expect(left.filter((path) => path.startsWith('node:') || builtinModules.includes(path))).toEqual([])
    expect(made.warnings.filter(({ text }) => !optional.some((name) => text.includes(name)))).toEqual([])
  })
})

describe('sizes for browsers, gzipped', () => {
  it.each([
    ['everything', `export * from '@secondpass/core'`, 60_000],
    ['createReranker and transformers', `export { createReranker, transformers } from '@secondpass/core'`, 35_000],
    ['bm25', `export { bm25 } from '@secondpass/core'`, 3_000],
  ])('%s stays small', async (name, code, limit) => {
    const bytes = gzipped(await bundle(code))
    console.log(`front door for browsers, ${name}: ${(bytes / 1000).toFixed(1)} kB gzipped`)
    expect(bytes).toBeLessThan(limit)
  })
})

describe('the bundle for browsers, run where process is missing', () => {
  const run = async (code: string): Promise<unknown> => {
    const { outputFiles } = await build({
      stdin: { contents: code, resolveDir: project },
      bundle: true,
      format: 'iife',
      globalName: 'answer',
      platform: 'browser',
      write: false,
      logLevel: 'silent',
    })
    const text = (outputFiles[0] as OutputFile).text
    const missing = ['process', 'Buffer', 'setImmediate', 'require', 'global']
    // oxlint-disable-next-line no-implied-eval -- the bundle is ours, and must not see these names
    return await new Function(...missing, `${text}; return answer.default`)()
  }

  it('reranks with a scorer that needs no runtime, through a cache', async () => {
    const ids = await run(`
      import { bm25, createReranker, withCache } from '@secondpass/core'
      const overlap = { id: 'overlap', scope: 'pair', score: async (query, texts) => texts.map((text) => text.split(query).length) }
      const reranker = createReranker({ stages: [{ scorer: bm25() }, { scorer: withCache(overlap, new Map()) }] })
      const texts = ['opening hours', 'a card is declined', 'card to card']
      export default reranker.rerank('card', texts).then(({ results }) => results.map(({ index }) => index))`)
    expect(ids).toEqual([2, 1, 0])
  })

  it('says what to use instead of the cross-encoder', async () => {
    const message = await run(`
      import { createReranker, crossEncoder } from '@secondpass/core'
      const thrownBy = (make) => { try { make() } catch (error) { return [error.code, error.message] } }
      export default { direct: thrownBy(crossEncoder), bundled: thrownBy(createReranker) }`)
    const expected = ['runtime', expect.stringMatching(/^crossEncoder, .* needs Node\.js .*: use transformers\(/)]
    expect(message).toEqual({ direct: expected, bundled: expected })
  })
})
