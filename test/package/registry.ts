import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mustRun, plainEnvironment } from './commands.ts'
import type { PackedPackage } from './packed.ts'

/** A registry on this machine that has our packages, and passes on what is asked for of others. */
export interface Registry {
  readonly url: string
  /** The npmrc that points npm at it. */
  readonly npmrc: string
  /** The environment in which npm uses it. */
  readonly env: NodeJS.ProcessEnv
  stop(): void
}

/**
 * Starts a registry and publishes packages to it. What is not ours comes through it from the registry that this machine
 * is set up for.
 */
export async function startRegistry(packages: readonly PackedPackage[]): Promise<Registry> {
  const home = mkdtempSync(join(tmpdir(), 'secondpass-verdaccio-'))
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
  const program = join(home, 'node_modules/verdaccio/bin/verdaccio')
  const args = ['--config', join(home, 'config.yaml'), '--listen', `127.0.0.1:${port}`]
  const child = spawn(process.execPath, [program, ...args], {
    cwd: home,
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stop = (): void => {
    child.kill()
    rmSync(home, { recursive: true, force: true })
  }
  try {
    const url = `http://127.0.0.1:${port}/`
    await answers(`${url}-/ping`, child)
    const npmrc = join(home, 'npmrc')
    const host = url.replace('http:', '')
    // Anybody may publish there, but npm wants a token all the same.
    const tokens = [host, `${host.slice(0, -1)}/`].map((place) => `${place}:_authToken=anybody\n`)
    writeFileSync(npmrc, `registry=${url}\n${tokens.join('')}`)
    const env = { NPM_CONFIG_USERCONFIG: npmrc, npm_config_registry: url, ONNXRUNTIME_NODE_INSTALL: 'skip' }
    for (const { tarball } of inOrder(packages)) {
      // As `changeset publish` does: by the packed file, in the order in which the packages need each other.
      mustRun(['npm', 'publish', tarball, '--provenance=false', '--registry', url], home, env)
    }
    return { url, npmrc, env, stop }
  } catch (error) {
    stop()
    throw error
  }
}

export function freePort(): Promise<number> {
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
