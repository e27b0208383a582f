import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Ended, plainEnvironment, pnpm, throughNpm } from '../package/commands.ts'
import { copyTarballs } from '../package/install.ts'
import type { PackedPackage } from '../package/packed.ts'

/*
 * Projects of strangers, made of packed tarballs in folders for temporary files, for tests that run real tools. What a
 * tool of the registry needs is installed as any project would; when it cannot be had, the test fails and says so.
 */

/** `'yarn'` is yarn 1; `'pnp'` is the present yarn without node_modules. */
export type PlaceManager = 'npm' | 'pnpm' | 'yarn' | 'pnp'

/** What a project is made of. */
export interface PlaceSpec {
  readonly manager?: PlaceManager
  /** Which of our packages the project asks for, by name; what they need of ours comes with them. Default: the core. */
  readonly ours?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  /** Versions forced on the whole tree: `overrides` of npm and pnpm, `resolutions` of yarn. */
  readonly overrides?: Readonly<Record<string, string>>
  /** Further fields of package.json. */
  readonly manifest?: Readonly<Record<string, unknown>>
  /** Further arguments of the install command. */
  readonly installFlags?: readonly string[]
  /** Files of the project by path, written before it is installed. */
  readonly files?: Readonly<Record<string, string>>
  /** Install scripts that pnpm is told to run, or to leave alone, beside those that are left alone for everybody. */
  readonly builds?: Readonly<Record<string, boolean>>
  /** Further variables for the install command. */
  readonly env?: NodeJS.ProcessEnv
}

/** A project in a folder of its own. */
export interface Place {
  readonly folder: string
  /** Writes a file, with the folders above it. */
  write(file: string, text: string): void
  read(file: string): string
  /** Runs a command in the folder to its end, whatever that is; `node` is the one that runs the tests. */
  run(command: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended>
  /** As `run`, and throws with everything that was printed unless the command ended with 0. */
  mustRun(command: readonly string[], env?: NodeJS.ProcessEnv): Promise<string>
  /** Writes a program, runs it with node and gives the JSON that it printed. */
  json(file: string, text: string, env?: NodeJS.ProcessEnv): Promise<unknown>
  remove(): void
}

/** Makes a project and installs it. */
export async function makePlace(packages: readonly PackedPackage[], spec: PlaceSpec = {}): Promise<Place> {
  const place = await emptyPlace(packages, spec)
  const { status, stdout, stderr } = await installInto(place, spec)
  if (status === 0) return place
  place.remove()
  const asked = JSON.stringify({ ...spec.dependencies, ...spec.overrides })
  throw new Error(
    `${spec.manager ?? 'npm'} could not install ${asked}; is the registry reachable?\n${stdout}\n${stderr}`,
  )
}

/** The same project before it is installed, for tests of the installation itself. */
export async function emptyPlace(packages: readonly PackedPackage[], spec: PlaceSpec = {}): Promise<Place> {
  const { manager = 'npm', ours = ['@secondpass/core'], dependencies = {}, overrides = {} } = spec
  const folder = mkdtempSync(join(tmpdir(), `secondpass-place-${manager}-`))
  const place = placeIn(folder)
  const tarballs = copyTarballs(folder, closure(packages, ours))
  const forced = { ...tarballs, ...overrides }
  const manifest = {
    name: 'stranger',
    version: '0.0.0',
    private: true,
    ...spec.manifest,
    // What is forced on the whole tree must be asked for alike at its root.
    dependencies: { ...tarballs, ...dependencies },
    ...(manager === 'npm' && Object.keys(overrides).length > 0 && { overrides }),
    ...((manager === 'yarn' || manager === 'pnp') && { resolutions: forced }),
  }
  place.write('package.json', JSON.stringify(manifest, undefined, 2))
  // A checkout above would be taken for the project otherwise, and its settings for ours.
  if (manager === 'pnpm') {
    place.write(
      'pnpm-workspace.yaml',
      JSON.stringify({
        overrides: forced,
        allowBuilds: { 'onnxruntime-node': false, sharp: false, protobufjs: false, ...spec.builds },
      }),
    )
  }
  if (manager === 'pnp') {
    place.write('yarn.lock', '')
    place.write('.yarnrc.yml', await yarnSettings(place))
  }
  for (const [file, text] of Object.entries(spec.files ?? {})) place.write(file, text)
  return place
}

/** Tells the install script of onnxruntime-node to leave the CUDA libraries alone: since 1.22, and before. */
export const skipCuda: NodeJS.ProcessEnv = {
  ONNXRUNTIME_NODE_INSTALL: 'skip',
  ONNXRUNTIME_NODE_INSTALL_CUDA: 'skip',
}

/** The install command of a project, whatever comes of it. */
export function installInto(place: Place, { manager = 'npm', installFlags = [], env }: PlaceSpec): Promise<Ended> {
  return place.run([...installCommands[manager], ...installFlags], { ...skipCuda, ...env })
}

const YARN_BERRY = '@yarnpkg/cli-dist@4.18.1'

const installCommands: Readonly<Record<PlaceManager, readonly string[]>> = {
  npm: ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund'],
  pnpm: [...pnpm(), 'install', '--prefer-offline', '--no-frozen-lockfile'],
  yarn: [...throughNpm('yarn@1.22.22'), 'install', '--prefer-offline', '--no-progress'],
  pnp: [...yarnBerry(), 'install'],
}

/** The present yarn: not called yarn on the registry. */
export function yarnBerry(): readonly string[] {
  return ['npx', '--yes', '--prefer-offline', '--package', YARN_BERRY, '--', 'yarn']
}

/** Settings of the present yarn: the registry that npm is configured with, nothing shared with other projects. */
async function yarnSettings(place: Place): Promise<string> {
  const registry = (await place.mustRun(['npm', 'config', 'get', 'registry'])).trim()
  const lines = [
    'nodeLinker: pnp',
    'enableGlobalCache: false',
    'enableImmutableInstalls: false',
    'enableTelemetry: false',
    'enableScripts: false',
    'checksumBehavior: ignore',
    'npmMinimalAgeGate: 0',
    `npmRegistryServer: ${JSON.stringify(registry.replace(/\/$/, ''))}`,
  ]
  if (registry.startsWith('http://')) lines.push(`unsafeHttpWhitelist: [${JSON.stringify(new URL(registry).hostname)}]`)
  return `${lines.join('\n')}\n`
}

function placeIn(folder: string): Place {
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  const run = (command: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> => runBeside(command, folder, env)
  const mustRun = async (command: readonly string[], env?: NodeJS.ProcessEnv): Promise<string> => {
    const { status, stdout, stderr } = await run(command, env)
    if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}\n${stdout}\n${stderr}`)
    return stdout
  }
  return {
    folder,
    write,
    read: (file) => readFileSync(join(folder, file), 'utf8'),
    run,
    mustRun,
    async json(file, text, env) {
      write(file, text)
      const printed = await mustRun(['node', file], env)
      return JSON.parse(printed.trim().split('\n').at(-1) ?? '')
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Beside the event loop, which the runner of the tests needs in a command of minutes. */
function runBeside(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const [name = '', ...args] = command
  const file = name === 'node' ? process.execPath : name
  const child = spawn(file, args, {
    cwd,
    env: { ...plainEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // npm and npx are scripts there.
    shell: process.platform === 'win32' && name !== 'node',
  })
  const printed = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, ...printed }))
  })
}

/** The packages that were named, and those of ours that they need. */
function closure(packages: readonly PackedPackage[], names: readonly string[]): PackedPackage[] {
  const found = new Map<string, PackedPackage>()
  const add = (name: string): void => {
    const pack = packages.find(({ manifest }) => manifest.name === name)
    if (pack === undefined || found.has(name)) return
    found.set(name, pack)
    for (const needed of Object.keys(pack.manifest.dependencies ?? {})) add(needed)
  }
  for (const name of names) add(name)
  const unknown = names.find((name) => !found.has(name))
  if (unknown !== undefined) throw new Error(`${unknown} was not packed`)
  return [...found.values()]
}
