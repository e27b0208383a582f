import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mustRun, pnpm, root, run, throughNpm } from './commands.ts'
import { packAll } from './packed.ts'
import { haveBases, missingPodman, openPodman, type Podman } from './podman.ts'
import { freePort, type Registry, startRegistry } from './registry.ts'
import { follow, readSteps } from './tutorials.ts'
import { wordsAndScores } from '../process/printed-output.ts'
import { startProcess } from '../process/servers.ts'

/**
 * A dry run of a release: every package is published to a registry on this machine, and installed from there by the very
 * lines of the README. What is not ours comes through it from the registry that this machine is set up for.
 */
const folder = mkdtempSync(join(tmpdir(), 'secondpass-registry-'))
const packed = packAll()
let registry: Registry

beforeAll(async () => {
  registry = await startRegistry(packed.packages)
})
afterAll(() => {
  registry?.stop()
  packed.remove()
  rmSync(folder, { recursive: true, force: true })
})

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
    mustRun(add, project, { ...registry.env, YARN_REGISTRY: registry.url })
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
  mustRun(['npm', 'install', '--no-audit', '--no-fund', '@secondpass/cli'], project, registry.env)
  const { stdout } = run(['npx', '--no-install', 'secondpass', 'doctor', '--json'], project)
  expect(JSON.parse(stdout)).toMatchObject({ problems: [] })
})

describe('the tutorials, followed to the letter from an empty folder', () => {
  const tutorial = (name: string): ReturnType<typeof readSteps> =>
    readSteps(readFileSync(join(root, 'docs/tutorials', `${name}.md`), 'utf8'))

  it.each(['plain', 'langchain', 'llamaindex', 'ai-sdk'])('%s prints what it says', async (name) => {
    const { seen } = await follow(tutorial(name), join(folder, `tutorial-${name}`), { env: registry.env })
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
    const { printed, stop } = await follow(steps, join(folder, 'tutorial-server'), { env: registry.env, adjust })
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

/*
 * By podman, and run as the manifests say: another user, nothing to write on, no privileges. Left out, with a word, where
 * there is no podman, or neither the images that it starts from nor the packages to make them of.
 */
describe('the image of examples/deploy, built by its own steps', () => {
  const recipe = join(root, 'examples/deploy')
  const image = 'localhost/secondpass'
  const locked = ['--read-only', '--read-only-tmpfs=false', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']
  /** Why nothing of this runs here. */
  let missing = missingPodman()
  let podman: Podman

  beforeAll(() => {
    if (missing === undefined) {
      podman = openPodman()
      const [, major = ''] = /^ARG NODE=(\d+)$/m.exec(readFileSync(join(recipe, 'Dockerfile'), 'utf8')) ?? []
      const bases = haveBases(podman, major)
      if ('why' in bases) missing = bases.why
      else console.log(`the image starts from others ${bases.how}`)
    }
    if (missing !== undefined) return console.log(`the image is left out: ${missing}`)
    const here = ['--network', 'host', '--volume', `${registry.npmrc}:/usr/local/etc/npmrc:ro`]
    const how = ['--isolation', 'chroot', '--format', 'docker', '--pull=never', '--layers=false', '--tag', image]
    podman.mustRun('build', ...how, ...here, recipe)
  })
  afterAll(() => podman?.remove())

  /** Starts the image and waits until the server is ready. */
  async function start(name: string, flags: readonly string[], args: readonly string[] = []) {
    const options = ['--name', name, ...locked, ...podman.limits, ...flags]
    const started = performance.now()
    const server = await startProcess([...podman.command, 'run', ...options, image, ...args], /ready after (\d+) ms/)
    return { server, readyMs: performance.now() - started, ownMs: Number(server.match[1]) }
  }

  /** What a program prints that is run beside the server. */
  function beside(name: string, asking: string): unknown {
    const node = ['/usr/local/bin/node', '--input-type=module', '--eval', asking]
    return JSON.parse(podman.mustRun('exec', name, ...node))
  }

  it('has less than 250 MB, base and model included, and no shell', (context) => {
    if (missing !== undefined) return context.skip(missing)
    const [found] = JSON.parse(podman.mustRun('image', 'inspect', image)) as { Size: number }[]
    console.log(`image: ${((found?.Size ?? NaN) / 1e6).toFixed(0)} MB`)
    expect(found?.Size).toBeLessThan(250e6)
    expect(() => podman.mustRun('run', '--rm', ...podman.limits, '--entrypoint', '/bin/sh', image)).toThrow('/bin/sh')
  })

  it('serves as a user without privileges, with nothing to write on and no network', async (context) => {
    if (missing !== undefined) return context.skip(missing)
    const { readyMs, ownMs } = await start('locked', ['--network', 'none'])
    console.log(`ready ${readyMs.toFixed(0)} ms after podman was called, ${ownMs} ms after Node.js was started`)
    const documents = ['Invoices come by email.', 'Open Settings, then Security, to choose a new password.']
    const asked = JSON.stringify({ query: 'How do I change my password?', documents })
    const seen = beside(
      'locked',
      `import { networkInterfaces } from 'node:os'
      import { readFileSync, writeFileSync } from 'node:fs'
      const written = ['/x', '/tmp/x', '/app/x'].map((path) => {
        try { writeFileSync(path, 'x') } catch ({ code }) { return code }
      })
      const first = readFileSync('/proc/1/status', 'utf8')
      const of = (name) => new RegExp('^' + name + ':\\\\s+(.*)$', 'm').exec(first)[1]
      const url = 'http://127.0.0.1:8080'
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(url + '/v1/rerank', { method: 'POST', headers, body: ${JSON.stringify(asked)} })
      console.log(JSON.stringify({
        ready: (await fetch(url + '/ready')).status,
        order: (await answer.json()).results.map(({ index }) => index),
        uid: of('Uid').split('\\t')[0],
        capabilities: of('CapEff'),
        noNewPrivileges: of('NoNewPrivs'),
        interfaces: Object.keys(networkInterfaces()),
        written,
      }))`,
    )
    expect(seen).toEqual({
      ready: 200,
      order: [1, 0],
      uid: '10001',
      capabilities: '0000000000000000',
      noNewPrivileges: '1',
      interfaces: ['lo'],
      written: ['EROFS', 'EROFS', 'EROFS'],
    })
    // The check of the Dockerfile itself; throws unless it is healthy.
    podman.mustRun('healthcheck', 'run', 'locked')
    podman.mustRun('rm', '--force', '--time', '0', 'locked')
  })

  it('answers what is under way when it is stopped, and ends by the signal', async (context) => {
    if (missing !== undefined) return context.skip(missing)
    const port = await freePort()
    const patient = ['--drain-ms', '600000', '--deadline-ms', '600000']
    const { server } = await start('stopped', ['--network', 'host'], ['serve', '--port', String(port), ...patient])
    const documents = Array.from({ length: 1000 }, (_, at) => `Passage ${at}: a new password is chosen under Security.`)
    let isAnswered = false
    const asked = fetch(`http://127.0.0.1:${port}/v1/rerank`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'How do I change my password?', documents }),
    }).finally(() => (isAnswered = true))
    const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    // However many of them are left when the metrics are asked.
    while (!isAnswered && !/^secondpass_queued_documents [1-9]\d*$/m.test(await metrics()));
    expect(isAnswered).toBe(false)
    const ended = new Promise((resolve) => server.child.once('exit', resolve))
    podman.mustRun('stop', '--time', '600', 'stopped')
    const answer = await asked
    expect(answer.status).toBe(200)
    expect(((await answer.json()) as { results: [] }).results).toHaveLength(1000)
    expect(await ended).toBe(143)
  })
})
