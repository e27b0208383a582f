import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { sampleReport } from '../fixtures/sample-report.ts'
import { type Exports, packAll, type PackedPackage } from './packed.ts'

const packed = packAll()
afterAll(() => packed.remove())

const read = ({ folder }: PackedPackage, file: string): string => readFileSync(join(folder, file), 'utf8')
const isModel = ({ manifest }: PackedPackage): boolean => manifest.name.startsWith('@secondpass/model-')
const find = (name: string): PackedPackage => {
  const found = packed.packages.find(({ manifest }) => manifest.name === name)
  if (found === undefined) throw new Error(`${name} was not packed`)
  return found
}

/** Sources that the source maps of a package name and the package does not hold. */
function lostSources(pack: PackedPackage): string[] {
  return pack.files
    .filter((file) => file.endsWith('.map'))
    .flatMap((file) => {
      const map = JSON.parse(read(pack, file)) as { sources: string[]; sourceRoot?: string }
      return map.sources.map((source) => posix.join(posix.dirname(file), map.sourceRoot ?? '', source))
    })
    .filter((source) => !pack.files.includes(source))
}

/** Every file that exports name, whatever the condition. */
function targetsOf(exports: Exports): string[] {
  return typeof exports === 'string' ? [exports] : Object.values(exports).flatMap(targetsOf)
}

/** The files that are loaded with one, itself included. */
function reachedFrom(pack: PackedPackage, file: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const imports = read(pack, file).matchAll(/^(?:import|export|\} from)\b[^'"]*['"](\.[^'"]+)['"]/gm)
  for (const [, specifier = ''] of imports) reachedFrom(pack, posix.join(posix.dirname(file), specifier), seen)
  return seen
}

it('the workspace packs the core, the adapters, the command line and two models', () => {
  const names = packed.packages.map(({ manifest }) => manifest.name).sort()
  expect(names).toEqual(
    expect.arrayContaining([
      '@secondpass/ai-sdk',
      '@secondpass/cli',
      '@secondpass/core',
      '@secondpass/lancedb',
      '@secondpass/langchain',
      '@secondpass/llamaindex',
      '@secondpass/mastra',
      '@secondpass/model-en-mini',
      '@secondpass/model-en-tiny',
      'n8n-nodes-secondpass',
    ]),
  )
})

describe.each(packed.packages.map((pack) => [pack.manifest.name, pack] as const))('%s', (_name, pack) => {
  it('carries its licence and a README', () => {
    expect(pack.files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
    expect(read(pack, 'LICENSE')).toContain('Apache License')
    expect(read(pack, 'README.md')).toContain(`# ${pack.manifest.name}`)
  })

  it('carries no tests, build state, examples or folders of the workspace', () => {
    const expected = isModel(pack)
      ? /^(model\.onnx|index\.(cjs|d\.cts)|[a-z_]+\.json|(CARD|README|CHANGELOG)\.md|SHA256SUMS|LICENSE|NOTICE)$/
      : /^((dist|src)\/.+\.(js|ts|map)|(dist\/cjs\/)?package\.json|icons\/.+\.svg|(README|CHANGELOG|THIRD-PARTY-LICENSES)\.md|LICENSE)$/
    expect(pack.files.filter((file) => !expected.test(file) || /\.test[.-]|__|\.tgz$|tsbuildinfo/.test(file))).toEqual(
      [],
    )
  })

  it('has a file for every export', () => {
    const targets = targetsOf(pack.manifest.exports)
    const files = targets.filter((target) => !target.includes('*')).map((target) => posix.normalize(target))
    expect(files.length).toBeGreaterThan(0)
    expect(files.filter((file) => !pack.files.includes(file))).toEqual([])
  })

  it('asks for versions that a registry understands', () => {
    expect(read(pack, 'package.json')).not.toMatch(/"(workspace|catalog|link|file):/)
  })

  it('has no source map that points to a file it does not carry', () => {
    expect(lostSources(pack)).toEqual([])
  })
})

describe('@secondpass/core', () => {
  it('carries the worker as a file of its own', () => {
    expect(find('@secondpass/core').files).toContain('dist/score/cross-encoder/session/worker.js')
    expect(find('@secondpass/core').files).toContain('dist/node/worker.js')
  })

  it('gives Node.js a few merged files, and browsers the small ones, which their bundlers can leave out', () => {
    const core = find('@secondpass/core')
    const { browser, default: forNode } = core.manifest.exports['.'] as Record<string, string>
    expect({ browser, forNode }).toEqual({ browser: './dist/index.js', forNode: './dist/node/index.js' })
    expect(reachedFrom(core, 'dist/node/index.js').size).toBeLessThan(20)
    expect(reachedFrom(core, 'dist/index.js').size).toBeGreaterThan(50)
  })
})

describe.each([
  ['@secondpass/model-en-mini', 30_000_000],
  ['@secondpass/model-en-tiny', 6_000_000],
])('%s', (name, most) => {
  const model = find(name)

  it('carries its card and says whose work it builds on', () => {
    expect(model.files).toEqual(
      expect.arrayContaining(['CARD.md', 'NOTICE', 'model.onnx', 'tokenizer.json', 'config.json']),
    )
    expect(read(model, 'NOTICE')).toContain('all-MiniLM-L6-v2')
  })

  it(`is at most ${most / 1e6} MB`, () => {
    expect(statSync(join(model.folder, 'model.onnx')).size).toBeLessThanOrEqual(most)
    expect(statSync(model.tarball).size).toBeLessThanOrEqual(most)
  })

  it('says in its card and README what is in it, with no figure left open', () => {
    const sum = createHash('sha256')
      .update(readFileSync(join(model.folder, 'model.onnx')))
      .digest('hex')
    expect(read(model, 'CARD.md')).toContain(sum)
    for (const file of ['CARD.md', 'README.md', 'NOTICE']) expect(read(model, file)).not.toContain('@@')
  })

  it('carries the sums of the files beside them', () => {
    const sums = read(model, 'SHA256SUMS')
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+\*?/))
    const listed = model.files.filter((file) =>
      /^(model\.onnx|(tokenizer|tokenizer_config|config|calibration)\.json)$/.test(file),
    )
    expect(listed).toEqual(expect.arrayContaining(['model.onnx', 'tokenizer.json', 'config.json']))
    expect(new Set(sums.map(([, file]) => file))).toEqual(new Set(listed))
    for (const [sum, file = ''] of sums) {
      const actual = createHash('sha256')
        .update(readFileSync(join(model.folder, file)))
        .digest('hex')
      expect({ file, sum: actual }).toEqual({ file, sum })
    }
  })
})

it('the core names the small model as an optional peer, so that nobody gets it unasked', () => {
  const manifest = JSON.parse(read(find('@secondpass/core'), 'package.json')) as Record<string, Record<string, unknown>>
  const tiny = '@secondpass/model-en-tiny'
  expect(manifest['peerDependencies']).toHaveProperty([tiny])
  expect(manifest['peerDependenciesMeta']).toHaveProperty([tiny], { optional: true })
  for (const kind of ['dependencies', 'optionalDependencies']) expect(manifest[kind] ?? {}).not.toHaveProperty([tiny])
})

describe('the command line', () => {
  it('is installed without the packages that charts are drawn with, and draws them', async () => {
    const cli = find('@secondpass/cli')
    expect(Object.keys(cli.manifest.dependencies ?? {}).sort()).toEqual([
      '@hono/node-server',
      '@huggingface/hub',
      '@secondpass/core',
      'commander',
      'hono',
      'prom-client',
    ])
    const charts = (await import(pathToFileURL(join(cli.folder, 'dist/report/charts.js')).href)) as {
      drawChart(name: string, report: unknown, label: string): Promise<string>
    }
    const svg = await charts.drawChart('skip', sampleReport({ queries: 60 }), 'a chart')
    expect(svg).toMatch(/^<svg class="narrow" role="img" aria-label="a chart"/)
    expect(svg).toContain('Share of the queries skipped')
    // Each package that was merged, with its licence.
    const licences = read(cli, 'THIRD-PARTY-LICENSES.md')
    for (const name of ['vega', 'vega-scenegraph', 'd3-scale'])
      expect(licences).toMatch(new RegExp(`^## ${name} [\\d.]+ \\(`, 'm'))
    expect(licences).not.toMatch(/^## .*\((undefined|GPL.*)\)$/m)
  })
})
