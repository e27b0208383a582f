import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../package/commands.ts'
import { packAll } from '../package/packed.ts'
import { freePort, startRegistry } from '../package/registry.ts'
import { startProcess } from '../process/servers.ts'
import { haveBases, missingPodman, openPodman, type Podman } from './podman.ts'

/*
 * The image of examples/deploy/Dockerfile, built by its own steps from packages in a registry of this machine, and run as
 * the manifests say: another user, nothing to write on, no privileges. Left out, with a word, where there is no podman.
 */
const recipe = join(root, 'examples/deploy')
const dockerfile = readFileSync(join(recipe, 'Dockerfile'), 'utf8')
const MB = 1e6
const image = 'localhost/secondpass'
const locked = ['--read-only', '--read-only-tmpfs=false', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']

/** Why nothing of this runs here. */
let missing = missingPodman()
let podman: Podman

beforeAll(async () => {
  if (missing !== undefined) return console.log(`left out: ${missing}`)
  podman = openPodman()
  const [, major = ''] = /^ARG NODE=(\d+)$/m.exec(dockerfile) ?? []
  const bases = haveBases(podman, major)
  if ('why' in bases) {
    missing = bases.why
    return console.log(`left out: ${missing}`)
  }
  console.log(`bases: ${bases.how}`)
  const packed = packAll()
  const needed = /\/(?:core|cli|model-[\w-]+)$/
  const registry = await startRegistry(packed.packages.filter(({ manifest }) => needed.test(manifest.name)))
  try {
    const here = ['--network', 'host', '--volume', `${registry.npmrc}:/usr/local/etc/npmrc:ro`]
    const how = ['--isolation', 'chroot', '--format', 'docker', '--pull=never', '--tag', image, ...here]
    podman.mustRun('build', ...how, recipe)
  } finally {
    registry.stop()
    packed.remove()
  }
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
function beside(name: string, program: string): unknown {
  const node = ['/usr/local/bin/node', '--input-type=module', '--eval', program]
  return JSON.parse(podman.mustRun('exec', name, ...node))
}

describe('the image of the server', () => {
  it('has less than 250 MB, base and model included, and no shell', (context) => {
    if (missing !== undefined) return context.skip(missing)
    const [found] = JSON.parse(podman.mustRun('image', 'inspect', image)) as { Size: number }[]
    const history = podman.mustRun('history', '--human=false', '--format', '{{.Size}} {{.CreatedBy}}', image)
    const layers = history.split('\n').filter((line) => !/^(0 |$)/.test(line))
    console.log(`image: ${((found?.Size ?? NaN) / MB).toFixed(0)} MB\n${layers.join('\n')}`)
    expect(found?.Size).toBeLessThan(250 * MB)
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
      const written = ['/x', '/tmp/x', '/app/x', '/dev/shm/../x'].map((path) => {
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
      written: expect.toSatisfy((codes: string[]) => codes.every((code) => /^(EROFS|ENOENT|EACCES)$/.test(code))) as [],
    })
    // The check of the Dockerfile itself; throws unless it is healthy.
    podman.mustRun('healthcheck', 'run', 'locked')
    podman.mustRun('rm', '--force', '--time', '0', 'locked')
  })

  it('answers what is under way when it is stopped, and ends by the signal', async (context) => {
    if (missing !== undefined) return context.skip(missing)
    const port = await freePort()
    const { server } = await start('stopped', ['--network', 'host'], ['serve', '--port', String(port)])
    const documents = Array.from({ length: 60 }, (_, at) => `Passage ${at}: a new password is chosen under Security.`)
    const asked = fetch(`http://127.0.0.1:${port}/v1/rerank`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'How do I change my password?', documents }),
    })
    const queued = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    while (!/^secondpass_queued_documents 60$/m.test(await queued())) await new Promise((next) => setTimeout(next, 5))
    const ended = new Promise((resolve) => server.child.once('exit', resolve))
    podman.mustRun('stop', '--time', '30', 'stopped')
    const answer = await asked
    expect(answer.status).toBe(200)
    expect(((await answer.json()) as { results: [] }).results).toHaveLength(60)
    expect(await ended).toBe(143)
  })
})
