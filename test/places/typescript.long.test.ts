import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packAll } from '../package/packed.ts'
import { makePlace, type Place } from './support.ts'

/*
 * The declarations of every package under real compilers, the oldest that is supported to the newest, with the settings
 * that projects have. Declarations are checked too (no `skipLibCheck`), but for those of LangChain, which need newer ones.
 */
const packed = packAll()
let place: Place

const versions = { ts50: '5.0.4', ts54: '5.4.5', ts59: '5.9.3', ts60: '6.0.3', ts70: '7.0.2' } as const
type Version = keyof typeof versions

const program = `
  import { bm25, createReranker, crossEncoder, RerankError, smallPool, withCache } from '@secondpass/core'
  import type { Candidate, Ranking, Scorer } from '@secondpass/core'
  import { evaluate, minScoreFor } from '@secondpass/core/eval'
  import { runCli } from '@secondpass/cli'
  import { RerankPostprocessor } from '@secondpass/llamaindex'
  import { files, folder } from '@secondpass/model-en-mini'
  import { folder as tiny } from '@secondpass/model-en-tiny'

  interface Passage extends Candidate {
    readonly page: number
  }
  const constant: Scorer<'pair'> = { id: 'constant', scope: 'pair', score: async (_query, texts) => texts.map(() => 0) }
  export async function pages(passages: Passage[]): Promise<number[]> {
    const reranker = createReranker({ scorer: withCache(constant, new Map()), skip: smallPool({ size: 2 }) })
    const ranking: Ranking<Passage> = await reranker.rerank('where?', passages, { topN: 3 })
    await reranker.close()
    return ranking.results.map((result) => result.candidate.page)
  }
  export const code = (error: unknown): string | undefined => (RerankError.is(error) ? error.code : undefined)
  export const used: readonly unknown[] = [bm25, crossEncoder, evaluate, minScoreFor, runCli, RerankPostprocessor]
  export const paths: readonly string[] = [folder, tiny, ...files]
  // @ts-expect-error: types are there, and are not any
  export const wrong: number = folder
`
const langchain = `
  import { RerankCompressor, RerankRetriever } from '@secondpass/langchain'
  export const adapters: readonly unknown[] = [RerankCompressor, RerankRetriever]
  // @ts-expect-error: types are there, and are not any
  export const wrong: number = RerankCompressor
`
const disposed = `
  import { createReranker, type Reranker } from '@secondpass/core'
  export const end = (reranker: Reranker): PromiseLike<void> => reranker[Symbol.asyncDispose]()
  export const reranker: Reranker = createReranker()
`

/** Settings by name: which kind of file is compiled with them, and the flags. `.ts` is CommonJS in these projects. */
const settings: readonly {
  readonly name: string
  readonly kinds: readonly ('ts' | 'mts')[]
  readonly flags: readonly string[]
  readonly versions?: readonly Version[]
}[] = [
  { name: 'nodenext', kinds: ['ts', 'mts'], flags: ['--module', 'nodenext'] },
  { name: 'node16', kinds: ['ts', 'mts'], flags: ['--module', 'node16'] },
  { name: 'bundler', kinds: ['ts'], flags: ['--module', 'esnext', '--moduleResolution', 'bundler'] },
  {
    name: 'preserve',
    kinds: ['ts'],
    flags: ['--module', 'preserve', '--moduleResolution', 'bundler'],
    versions: ['ts54', 'ts59', 'ts60', 'ts70'],
  },
  {
    name: 'commonjs with node10',
    kinds: ['ts'],
    flags: ['--module', 'commonjs', '--moduleResolution', 'node10'],
    // 7 has no node10 any more.
    versions: ['ts50', 'ts54', 'ts59', 'ts60'],
  },
]

beforeAll(async () => {
  place = await makePlace(packed.packages, {
    ours: [
      '@secondpass/core',
      '@secondpass/cli',
      '@secondpass/langchain',
      '@secondpass/llamaindex',
      '@secondpass/model-en-tiny',
    ],
    dependencies: {
      '@langchain/core': '1.2.13',
      '@types/node': '^20.19.0',
      ...Object.fromEntries(Object.entries(versions).map(([name, version]) => [name, `npm:typescript@${version}`])),
    },
  })
  for (const kind of ['ts', 'mts']) {
    mkdirSync(join(place.folder, kind))
    writeFileSync(join(place.folder, kind, `program.${kind}`), program)
    writeFileSync(join(place.folder, kind, `langchain.${kind}`), langchain)
    writeFileSync(join(place.folder, kind, `disposed.${kind}`), disposed)
  }
})
afterAll(() => {
  place.remove()
  packed.remove()
})

/** What the compiler prints: nothing when all is well. */
async function compile(version: Version, files: readonly string[], flags: readonly string[]): Promise<string> {
  const isNew = version === 'ts60' || version === 'ts70'
  const own = isNew ? ['--ignoreConfig'] : []
  const node10 = version === 'ts60' && flags.includes('node10') ? ['--ignoreDeprecations', '6.0'] : []
  const tsc = ['node', `node_modules/${version}/bin/tsc`, ...own, ...node10]
  const { stdout, stderr } = await place.run([...tsc, '--noEmit', '--strict', '--target', 'es2022', ...flags, ...files])
  return stdout + stderr
}

describe.each(Object.entries(versions) as [Version, string][])('%s: TypeScript %s', (version) => {
  it.each(settings.filter((one) => (one.versions ?? Object.keys(versions)).includes(version)))(
    'finds sound types with $name',
    async ({ kinds, flags }) => {
      const files = (name: string): string[] => kinds.map((kind) => `${kind}/${name}.${kind}`)
      const node = [...flags, '--types', 'node']
      expect(await compile(version, files('program'), node)).toBe('')
      expect(await compile(version, files('langchain'), [...node, '--skipLibCheck'])).toBe('')
    },
  )

  it('needs neither the types of Node.js nor esnext.disposable', async () => {
    const flags = ['--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2022,dom']
    expect(await compile(version, ['ts/disposed.ts'], flags)).toBe('')
  })
})

it('what was compiled to CommonJS runs', async () => {
  const flags = ['--module', 'commonjs', '--moduleResolution', 'node10', '--target', 'es2022', '--outDir', 'out']
  place.write(
    'run/main.ts',
    `import { createReranker } from '@secondpass/core'
    const passages = ['Bananas are rich in potassium.', 'To reset your password, press Reset password.']
    void createReranker().rerank('reset password', passages).then(({ results }) => console.log(results[0]?.index))`,
  )
  await place.mustRun(['node', 'node_modules/ts59/bin/tsc', ...flags, '--types', 'node', 'run/main.ts'])
  expect((await place.mustRun(['node', 'out/main.js'])).trim()).toBe('1')
})
