import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { CliError, type ExitCode, exitCodes } from '../errors.js'
import { writeNewFile } from '../files/replace.js'
import { readSmallFile } from '../input/open.js'
import { type Kind, kinds, templateFor } from '../init/templates.js'
import { type Io, tell, write } from '../io.js'
import { oneOf } from '../options/values.js'

interface InitFlags {
  readonly folder: string
  readonly for?: Kind
  readonly dryRun?: boolean
}

const EXAMPLES = `
Examples:
  secondpass init
  secondpass init --for langchain --dry-run

Writes one new file, and nothing that is there: what the file is called, and what is left to do, is printed.`

/** Adds `secondpass init`. */
export function addInit(program: Command, io: Io, ended: (code: ExitCode) => void): void {
  program
    .command('init')
    .summary('write a file to begin with, for the framework that is used here')
    .description('Looks at package.json for Next.js, LangChain, LlamaIndex or the AI SDK, and writes a working file.')
    .option('--folder <path>', 'the project', '.')
    .option('--for <framework>', `${kinds.join(', ')} (default: what package.json names)`, oneOf('--for', kinds))
    .option('--dry-run', 'print the file, and write nothing')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: InitFlags) => {
      ended(await init(flags, io))
    })
}

async function init({ folder, dryRun, ...flags }: InitFlags, io: Io): Promise<ExitCode> {
  const project = readProject(folder)
  const kind = flags.for ?? project.kind
  const { path, packages, text, steps } = templateFor(kind, project.isTyped)
  const file = join(project.source, `${path}${endingFor(kind, project)}`)
  const missing = packages.filter((name) => !project.dependencies.has(name))
  const todo = [...(missing.length === 0 ? [] : [installLine(project, missing)]), ...steps]
  if (dryRun === true) {
    tell(io, `secondpass: ${file} would be (${kind}):`)
    await write(io, text)
    return exitCodes.ok
  }
  if (existsSync(join(folder, file)))
    throw new CliError(`${join(folder, file)} is there already: look at \`secondpass init --dry-run\` instead`)
  writeNewFile(join(folder, file), text)
  await write(
    io,
    `${[`Wrote ${join(folder, file)} (${kind}).`, 'Next:', ...todo.map((line) => `  ${line}`)].join('\n')}\n`,
  )
  return exitCodes.ok
}

interface Project {
  readonly kind: Kind
  readonly dependencies: ReadonlySet<string>
  readonly isTyped: boolean
  readonly isModule: boolean
  /** Where sources stand: `src` or the folder itself. */
  readonly source: string
  readonly manager: 'npm' | 'pnpm' | 'yarn' | 'bun'
}

/** Which package names which framework; the first that is there counts. */
const FRAMEWORKS: readonly (readonly [name: string, kind: Kind])[] = [
  ['next', 'nextjs'],
  ['@langchain/core', 'langchain'],
  ['langchain', 'langchain'],
  ['@langchain/langgraph', 'langchain'],
  ['llamaindex', 'llamaindex'],
  ['@llamaindex/core', 'llamaindex'],
  ['ai', 'ai-sdk'],
]

const LOCKFILES: Readonly<Record<string, Project['manager']>> = {
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
}

/** @throws CliError when there is no package.json, or it cannot be read. */
function readProject(folder: string): Project {
  const path = join(folder, 'package.json')
  if (!existsSync(path))
    throw new CliError(
      `there is no package.json in ${folder}: run \`npm init -y\` first, or name the project with --folder`,
    )
  let manifest: Record<string, unknown>
  try {
    manifest = JSON.parse(readSmallFile(path)) as Record<string, unknown>
  } catch (cause) {
    throw new CliError(`${path} is not JSON: mend it first`, { cause })
  }
  const lists = ['dependencies', 'devDependencies', 'peerDependencies'].map((name) => Object.keys(manifest[name] ?? {}))
  const dependencies = new Set(lists.flat())
  const [, kind = 'plain'] = FRAMEWORKS.find(([name]) => dependencies.has(name)) ?? []
  const lockfile = Object.keys(LOCKFILES).find((name) => existsSync(join(folder, name)))
  return {
    kind,
    dependencies,
    isTyped: dependencies.has('typescript') || existsSync(join(folder, 'tsconfig.json')),
    isModule: manifest['type'] === 'module',
    source: sourceOf(folder),
    manager: lockfile === undefined ? 'npm' : (LOCKFILES[lockfile] as Project['manager']),
  }
}

/** Next.js reads `app`, or `src/app`; which of them a project has, decides for its other files too. */
function sourceOf(folder: string): string {
  if (existsSync(join(folder, 'app'))) return ''
  return existsSync(join(folder, 'src')) ? 'src' : ''
}

/** Next.js finds a route by its name, in either language; elsewhere .mjs is a module whatever package.json says. */
function endingFor(kind: Kind, { isTyped, isModule }: Project): string {
  if (isTyped) return '.ts'
  return isModule || kind === 'nextjs' ? '.js' : '.mjs'
}

function installLine({ manager }: Project, packages: readonly string[]): string {
  return `${manager} ${manager === 'npm' ? 'install' : 'add'} ${packages.join(' ')}`
}
