import { posix } from 'node:path'
import { readImports } from './read-imports.ts'

/**
 * The floors of the command line, from below: a file sees its own folder and what lies below its floor. So nothing that
 * works imports a command, and the report, which is drawn from JSON alone, sees nothing that reads or scores.
 */
const floors: readonly (readonly string[])[] = [
  ['exit-codes', 'version'],
  ['errors'],
  ['io'],
  ['input', 'output', 'work', 'options'],
  ['scorer', 'pools', 'report'],
  ['measure'],
  ['rerank', 'eval'],
  ['commands'],
  ['program'],
  ['run'],
  ['bin', 'index'],
]

/** Sees its own folder and nothing else of the package. */
const alone: readonly string[] = ['report']

/** What the command line may load from elsewhere, and, where it is slow to load, the one file that may, dynamically. */
const packages: Readonly<Record<string, string | undefined>> = {
  '@secondpass/core': undefined,
  '@secondpass/core/eval': undefined,
  commander: undefined,
  vega: 'report/charts.ts',
}

/** What a source of `packages/cli` imports that it must not: one sentence each. */
export function cliFaults(path: string, text: string): string[] {
  return readImports(text).flatMap(({ specifier, kind, line }) => {
    const fault = specifier.startsWith('.')
      ? innerFault(path, specifier)
      : specifier.startsWith('node:')
        ? undefined
        : packageFault(path, specifier, kind)
    return fault === undefined ? [] : [`packages/cli/src/${path}:${line}: ${fault}`]
  })
}

function innerFault(path: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier)
  if (target === '../package.json') return path === 'version.ts' ? undefined : 'only version.ts reads package.json'
  const [room, targetRoom] = [roomOf(path), roomOf(target)]
  const [floor, targetFloor] = [floorOf(room), floorOf(targetRoom)]
  if (floor < 0 || targetFloor < 0) return `${floor < 0 ? room : targetRoom} stands on no floor of the command line`
  if (room === targetRoom || (targetFloor < floor && !alone.includes(room))) return undefined
  return `${room} may not import ${targetRoom} (${specifier})`
}

function packageFault(path: string, specifier: string, kind: string): string | undefined {
  if (!Object.hasOwn(packages, specifier)) return `imports ${specifier}, which the command line may not`
  const loader = packages[specifier]
  if (loader === undefined || (kind === 'dynamic' && path === loader)) return undefined
  return kind === 'type' && posix.dirname(path) === posix.dirname(loader)
    ? undefined
    : `imports ${specifier} (${kind}): only ${loader} may, by a dynamic import`
}

/** The folder of a file, or its name when it stands at the top. */
function roomOf(path: string): string {
  return (path.split('/')[0] as string).replace(/\.[jt]s$/, '')
}

function floorOf(room: string): number {
  return floors.findIndex((rooms) => rooms.includes(room))
}
