import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mustRun, plainEnvironment, pnpm, root, run, throughNpm } from './commands.ts'
import { type PackedPackage, packAll } from './packed.ts'
import { follow, readSteps } from './tutorials.ts'
import { wordsAndScores } from '../process/printed-output.ts'

/**
 * A dry run of a release: every package is published to a registry on this machine, and installed from there by the very
 * lines of the README. What is not ours comes through it from the registry that this machine is set up for.
 */
const folder = mkdtempSync(join(tmpdir(), 'secondpass-registry-'))
const packed = packAll()
let registry: { readonly url: string; readonly process: ChildProcess }

beforeAll(async () => {
  registry = await startRegistry()
  for (const pack of inOrder(packed.packages)) {
    // As `changeset publish` does: by the packed file, in the order in which the packages need each other.
    mustRun(['npm', 'publish', pack.tarball, '--provenance=false', ...registryFlags()], folder, userConfig())
  }
})
afterAll(() => {
  registry?.process.kill()
  packed.remove()
  rmSync(folder, { recursive: true, force: true })
})

async function startRegistry(): Promise<typeof registry> {
  const home = join(folder, 'verdaccio')
  mkdirSync(home)
  // The last that runs on Node 20. It asks for node-fetch by a tag, which not every mirror keeps.
  writeFileSync(join(home, 'package.json'), '{"private":true,"overrides":{"node-fetch":"2.7.0"}}')
  mustRun(['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', 'verdaccio@6.8.0'], home)
  const upstream = mustRun(['npm', 'config', 'get', 'registry'], home).trim()
  const config = {
    storage: join(home, 'storage'),
    uplinks: { upstream: { url: upstream, maxage: '60m', timeout: '120s', max_fails: 100 } },
    packages: {
      '@secondpass/*': { access: '$all', publish: '$all' },
      'n8n-nodes-secondpass': { access: '$all', publish: '$all' },
      '**': { access: '$all', proxy: 'upstream' },
    },
    max_body_size: '200mb',
    log: { type: 'stdout', format: 'json', level: 'warn' },
  }
  // JSON is YAML.
  writeFileSync(join(home, 'config.yaml'), JSON.stringify(config))
  const port = await freePort()
  const child = spawn(
    process.execPath,
    [
      join(home, 'node_modules/verdaccio/bin/verdaccio'),
      '--config',
      join(home, 'config.yaml'),
      '--listen',
      `127.0.0.1:${port}`,
    ],
    { cwd: home, env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const url = `http://127.0.0.1:${port}/`
  await answers(`${url}-/ping`, child)
  return { url, process: child }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** Asks until somebody answers; the end of the process ends the asking. */
async function answers(url: string, child: ChildProcess): Promise<void> {
  let said = ''
  child.stdout?.on('data', (chunk) => (said += String(chunk)))
  child.stderr?.on('data', (chunk) => (said += String(chunk)))
  const pause = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 100))
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the registry ended with ${child.exitCode}: ${said}`)
    const isUp = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isUp) return
    await pause()
  }
}

const registryFlags = (): string[] => ['--registry', registry.url]

/** A configuration of this test alone; anybody may publish there, but npm wants a token all the same. */
function userConfig(): NodeJS.ProcessEnv {
  const path = join(folder, 'npmrc')
  const host = registry.url.replace('http:', '')
  writeFileSync(
    path,
    `registry=${registry.url}\n${host}:_authToken=anybody\n${host.slice(0, -1)}/:_authToken=anybody\n`,
  )
  return { NPM_CONFIG_USERCONFIG: path, npm_config_registry: registry.url, ONNXRUNTIME_NODE_INSTALL: 'skip' }
}

/** Each package behind those that it depends on. */
function inOrder(packages: readonly PackedPackage[]): PackedPackage[] {
  const left = new Map(packages.map((pack) => [pack.manifest.name, pack]))
  const sorted: PackedPackage[] = []
  while (left.size > 0) {
    const next = [...left.values()].find(({ manifest }) =>
      Object.keys(manifest.dependencies ?? {}).every((name) => !left.has(name)),
    )
    if (next === undefined)
      throw new Error(`these packages need each other in a circle: ${[...left.keys()].join(', ')}`)
    left.delete(next.manifest.name)
    sorted.push(next)
  }
  return sorted
}

const readme = readFileSync(join(root, 'README.md'), 'utf8')
/** The first program of the README. */
const [, program = ''] = /```js\n(import \{ createReranker \}[\s\S]*?)```/.exec(readme) ?? []

const managers: Readonly<
  Record<string, { readonly add: readonly string[]; readonly files?: Readonly<Record<string, string>> }>
> = {
  npm: { add: ['npm', 'install', '--no-audit', '--no-fund', '@secondpass/core'] },
  pnpm: {
    add: [...pnpm(), 'add', '@secondpass/core'],
    files: { 'pnpm-workspace.yaml': 'allowBuilds:\n  onnxruntime-node: false\n' },
  },
  yarn: { add: [...throughNpm('yarn@1.22.22'), 'add', '@secondpass/core'] },
}

describe.each(Object.entries(managers))('from the registry, with %s', (name, { add, files = {} }) => {
  it('the install line and the first program of the README do what it says', () => {
    expect(readme).toContain('npm install @secondpass/core\n')
    const project = join(folder, `project-${name}`)
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{"name":"newcomer","private":true,"type":"module"}')
    for (const [file, text] of Object.entries(files)) writeFileSync(join(project, file), text)
    mustRun(add, project, { ...userConfig(), YARN_REGISTRY: registry.url })
    writeFileSync(join(project, 'program.js'), program)
    const { status, stdout, stderr } = run([process.execPath, 'program.js'], project)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^0\.\d\d {2}was 3 {2}To set a new password/)
  })
})

it('the command line is installed from the registry, and says what runs here', () => {
  const project = join(folder, 'project-cli')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"name":"newcomer","private":true}')
  mustRun(['npm', 'install', '--no-audit', '--no-fund', '@secondpass/cli'], project, userConfig())
  const { stdout } = run(['npx', '--no-install', 'secondpass', 'doctor', '--json'], project)
  expect(JSON.parse(stdout)).toMatchObject({ problems: [] })
})

describe('the tutorials, followed to the letter from an empty folder', () => {
  const tutorial = (name: string): ReturnType<typeof readSteps> =>
    readSteps(readFileSync(join(root, 'docs/tutorials', `${name}.md`), 'utf8'))

  it.each(['plain', 'langchain', 'llamaindex', 'ai-sdk'])('%s prints what it says', async (name) => {
    const { seen } = await follow(tutorial(name), join(folder, `tutorial-${name}`), { env: userConfig() })
    expect(seen.length).toBeGreaterThan(0)
    for (const { expected, printed } of seen) {
      const [actual, promised] = [wordsAndScores(printed), wordsAndScores(expected)]
      expect(actual.words).toBe(promised.words)
      for (const [at, score] of actual.scores.entries()) expect(score).toBeCloseTo(promised.scores[at] ?? NaN, 1)
    }
    console.log(`tutorial ${name}: first reranked result after ${((seen[0]?.afterMs ?? NaN) / 1000).toFixed(1)} s`)
  })

  it('server answers, and asks for a key when it is told to', async () => {
    const port = await freePort()
    const steps = tutorial('server')
    const adjust = (command: string): string => command.replaceAll('8080', String(port))
    const { printed, stop } = await follow(steps, join(folder, 'tutorial-server'), { env: userConfig(), adjust })
    try {
      expect(JSON.parse(printed)).toMatchObject({ results: [{ index: 1 }, {}] })
      const ask = (headers: Record<string, string>): Promise<number> =>
        fetch(`http://127.0.0.1:${port}/v1/models`, { headers }).then(({ status }) => status)
      expect(await ask({})).toBe(401)
      expect(await ask({ authorization: 'Bearer a-key-that-you-made-up' })).toBe(200)
    } finally {
      await stop()
    }
  })
})
