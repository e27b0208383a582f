import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mustRun, run } from './commands.ts'

/**
 * Containers without a service, by podman, with images in a folder of their own. Where the images that a recipe starts
 * from cannot be had, as on a machine that reaches package registries only, others are made in their place of the
 * packages that they consist of: a Debian 12 can do that.
 */
export interface Podman {
  /** The arguments before those of a command. */
  readonly command: readonly string[]
  /** Limits on files and processes that this user may give to a container. */
  readonly limits: readonly string[]
  mustRun(...args: readonly string[]): string
  remove(): void
}

/** What podman lacks on this machine, or nothing. */
export function missingPodman(): string | undefined {
  if (!has('podman')) return 'podman is not installed'
  return process.getuid?.() === 0 ? undefined : 'podman was only tried by root'
}

function has(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
}

export function openPodman(): Podman {
  const state = mkdtempSync(join(tmpdir(), 'secondpass-podman-'))
  const folders = ['root', 'runroot', 'tmpdir'].flatMap((name) => [`--${name}`, join(state, name)])
  // Neither a journal nor a manager of services is needed, and crun does not start with both kinds of control groups.
  const runtime = has('runc') ? ['--runtime', 'runc'] : []
  const own = ['--cgroup-manager', 'cgroupfs', '--events-backend', 'file', ...runtime]
  const command = ['podman', ...folders, ...own]
  const env = { TMPDIR: tmpdir() }
  return {
    command,
    limits: ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=512:512'],
    mustRun: (...args) => mustRun([...command, ...args], state, env),
    remove() {
      run([...command, 'rm', '--all', '--force', '--time', '0'], state, env)
      run([...command, 'rmi', '--all', '--force'], state, env)
      rmSync(state, { recursive: true, force: true })
    },
  }
}

/** What `node:22-bookworm-slim` needs of Debian for the steps of a recipe: a shell and the tools that it calls. */
const TOOLS = ['dash', 'coreutils', 'findutils', 'libacl1', 'libattr1', 'libgmp10', 'libselinux1', 'libpcre2-8-0']

/** What `gcr.io/distroless/cc-debian12` is made of. */
const CC = ['base-files', 'netbase', 'tzdata', 'ca-certificates', 'media-types', 'libc6', 'libssl3', 'libgcc-s1']
CC.push('gcc-12-base', 'libgomp1', 'libstdc++6')

/**
 * Brings the images that a recipe starts from under the names that it uses.
 *
 * @returns how they were had, or `{ why }` when they cannot be
 */
export function haveBases(podman: Podman, nodeMajor: string): { readonly how: string } | { readonly why: string } {
  const names = {
    node: `docker.io/library/node:${nodeMajor}-bookworm-slim`,
    cc: 'gcr.io/distroless/cc-debian12:latest',
  }
  // A network that lets nothing through need not say so.
  const pull = ['timeout', '120', ...podman.command, 'pull', '--quiet']
  const isPulled = Object.values(names).every((name) => run([...pull, name], tmpdir()).status === 0)
  const why = isPulled ? undefined : makeBases(podman, names, nodeMajor)
  if (why !== undefined) return { why }
  // In a container of its own, for one, podman may start none.
  const options = ['--rm', '--network', 'none', ...podman.limits]
  const { status, stderr } = run([...podman.command, 'run', ...options, names.node, 'node', '--version'], tmpdir())
  if (status !== 0) return { why: `podman starts no containers here: ${lastLine(stderr)}` }
  return { how: isPulled ? 'pulled from their registries' : 'made of packages of Debian 12 and of npm' }
}

function makeBases(podman: Podman, names: { node: string; cc: string }, nodeMajor: string): string | undefined {
  if (!/^VERSION_CODENAME=bookworm$/m.test(osRelease())) return 'images cannot be pulled, and this is no Debian 12'
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-bases-'))
  const build = (tag: string, from: string, name: string): string | undefined => {
    writeFileSync(join(folder, 'Containerfile'), `FROM ${from}\nCOPY ${name} /\n`)
    const how = ['--quiet', '--isolation', 'chroot', '--pull=never', '--layers=false', '--tag', tag]
    const command = [...podman.command, 'build', ...how, '--file', join(folder, 'Containerfile'), folder]
    const { status, stderr } = run(command, folder)
    return status === 0 ? undefined : `podman builds no images here: ${lastLine(stderr)}`
  }
  try {
    return makeRoots(folder, nodeMajor) ?? build(names.cc, 'scratch', 'cc') ?? build(names.node, names.cc, 'node')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

function osRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8')
  } catch {
    return ''
  }
}

/** Makes the folders `cc`, and `node` with what comes on top of it. */
function makeRoots(folder: string, nodeMajor: string): string | undefined {
  mkdirSync(join(folder, 'debs'))
  const { status, stderr } = run(['apt-get', 'download', ...CC, ...TOOLS], join(folder, 'debs'))
  if (status !== 0) return `images cannot be pulled, and packages not be downloaded: ${lastLine(stderr)}`
  const debs = readdirSync(join(folder, 'debs'))
  const unpack = (names: readonly string[], into: string): void => {
    mkdirSync(into)
    for (const deb of debs.filter((file) => names.includes(file.split('_')[0] ?? ''))) {
      mustRun(['dpkg-deb', '--extract', join(folder, 'debs', deb), into], folder)
    }
  }
  unpack(CC, join(folder, 'cc'))
  const node = join(folder, 'node')
  unpack(TOOLS, node)
  // Node.js and npm stand where the image of Node.js has them.
  const project = join(folder, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"private":true}')
  const binaries = `node-linux-${process.arch}`
  const packages = [`${binaries}@${nodeMajor}`, 'npm@10']
  mustRun(['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', ...packages], project)
  mkdirSync(join(node, 'usr/local/bin'), { recursive: true })
  mkdirSync(join(node, 'usr/local/lib/node_modules'), { recursive: true })
  mkdirSync(join(node, 'usr/local/etc'), { recursive: true })
  renameSync(join(project, 'node_modules', binaries, 'bin/node'), join(node, 'usr/local/bin/node'))
  renameSync(join(project, 'node_modules/npm'), join(node, 'usr/local/lib/node_modules/npm'))
  for (const name of ['npm', 'npx']) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(node, 'usr/local/bin', name))
  }
  return undefined
}
