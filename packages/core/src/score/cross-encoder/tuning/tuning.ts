import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../../base/clock.js'
import { isFiniteNumber, isObject } from '../../../base/check.js'
import { graphFiles } from '../../hub/layout.js'
import { cacheFolderFor, putFile } from '../lean/cache.js'
import { USUAL } from '../lean/trial.js'
import type { PairEncoder } from '../pairs.js'
import { usableCores, usableMemory } from '../session/container.js'
import type { SessionOptions } from '../session/node.js'
import {
  type Asked,
  countsUpTo,
  type Limits,
  type Measured,
  mostWorkers,
  type Placement,
  placementOf,
} from './choice.js'
import { type MachineFacts, machineFacts } from './machine.js'
import { measureThreads, measureWorkers } from './measure.js'

/** A model that something may be measured with. */
export interface TuningRequest {
  /** How it is opened, the number of threads aside. */
  readonly session: SessionOptions
  readonly pairs: PairEncoder
  readonly model: {
    /** Names the weights. */
    readonly id: string
    /** Its folder, beside which the cache is. */
    readonly path: string
    readonly graph: 'lean' | 'original'
  }
  /** Whether what is measured is kept for other processes. */
  readonly keeps: boolean
}

/** How it is measured. */
export interface How {
  /** Whether what is kept is to be replaced. */
  readonly isAnew?: boolean
  readonly clock?: Clock
  /** Default: what the process may use. */
  readonly cores?: number
}

/** Runs take about so long, all together; longer where {@link measureThreads} needs more for its fewest. */
const PROBE_MS = 300

/** What is written is another when this is. */
const FORMAT = 1

type Part = 'threads' | 'workers'

/** How many workers and threads there are, where options ask for what pays off here. Measures what was not measured yet. */
export async function place(request: TuningRequest, asked: Asked, how: How = {}): Promise<Placement> {
  const wanted = (['workers', 'threads'] as const).filter((part) => asked[part] === 'measured')
  return placementOf(asked, await measured(request, wanted, how), limitsOf(request, how.cores))
}

/** What the machine leaves to a model. */
export function limitsOf({ session }: Pick<TuningRequest, 'session'>, cores: number = usableCores()): Limits {
  return { cores, memoryBytes: usableMemory(), graphBytes: bytesOf(session) }
}

/** By their files: what was measured in this process. A cache that may only be read keeps nothing. */
const inProcess = new Map<string, Measured>()

/** What is measured at once would take each other's cores. */
let last: Promise<unknown> = Promise.resolve()

/** What is known of these parts, from the cache or measured now. */
export async function measured(request: TuningRequest, wanted: readonly Part[], how: How = {}): Promise<Measured> {
  const limits = limitsOf(request, how.cores)
  const counts = { threads: countsUpTo(limits.cores), workers: countsUpTo(mostWorkers(limits)) }
  const open = wanted.filter((part) => counts[part].length > 1)
  if (open.length === 0) return {}
  const kept = await placeOf(request, how.cores)
  const next = last.then(async () => {
    const known = { ...inProcess.get(kept.path), ...(await kept.read()) }
    const missing = how.isAnew === true ? open : open.filter((part) => known[part] === undefined)
    if (missing.length === 0) return known
    const { pairs, session } = request
    const pair = await pairs.encodePair(await pairs.encodeQuery(USUAL.query), USUAL.text)
    const comparisons = missing.reduce((sum, part) => sum + counts[part].length - 1, 0)
    const budget = { clock: how.clock ?? systemClock, shareMs: PROBE_MS / comparisons }
    const given = { session, pair }
    const found: { -readonly [P in Part]?: Measured[P] } = {}
    if (missing.includes('threads')) found.threads = await measureThreads(given, counts.threads, budget)
    if (missing.includes('workers')) found.workers = await measureWorkers(given, counts.workers, budget)
    const all = { ...known, ...found }
    inProcess.set(kept.path, all)
    await kept.write(all)
    return all
  })
  last = next.catch(() => {})
  return next
}

/** What was measured of one model on this machine, in a file. */
export interface Kept {
  readonly path: string
  /** Nothing where nothing was, or something else than now counts was measured. */
  read(): Promise<Measured | undefined>
  /** A cache that cannot be written keeps nothing. */
  write(measured: Measured): Promise<void>
}

/** Where it is: named by everything that it depends on, so that machines may share a cache. */
export async function placeOf({ session, model, keeps }: TuningRequest, cores?: number): Promise<Kept> {
  const machine = { ...(await machineFacts()), ...(cores !== undefined && { cores }) } satisfies MachineFacts
  const { id, path: folder, graph } = model
  const { providers = ['cpu'], spinning = false } = session
  const facts = { format: FORMAT, machine, model: id, graph, providers, spinning }
  const name = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 32)
  const path = join(cacheFolderFor(folder), `measured-${name}.json`)
  return {
    path,
    async read() {
      try {
        const { measured: found } = JSON.parse(await readFile(path, 'utf8')) as { readonly measured?: unknown }
        return isMeasured(found) ? found : undefined
      } catch {
        // Not there, or not whole: it is measured again.
        return undefined
      }
    },
    async write(found) {
      if (!keeps) return
      await putFile(path, `${JSON.stringify({ ...facts, measured: found }, null, 1)}\n`).catch(() => {})
    },
  }
}

function isMeasured(value: unknown): value is Measured {
  if (!isObject(value)) return false
  const { threads = [], workers = [], dtypes = [] } = value
  const lists = [threads, workers, dtypes]
  if (!lists.every((list) => Array.isArray(list))) return false
  const isStep = (step: unknown): boolean =>
    isObject(step) &&
    isFiniteNumber(step['pairMs']) &&
    Number.isInteger(step['count']) &&
    (step['count'] as number) >= 1
  const isTime = (time: unknown): boolean =>
    isObject(time) && isFiniteNumber(time['pairMs']) && (time['dtype'] === 'fp32' || time['dtype'] === 'int8')
  return [...(threads as unknown[]), ...(workers as unknown[])].every(isStep) && (dtypes as unknown[]).every(isTime)
}

/** Of a graph, with what lies beside it. */
function bytesOf({ graphPath, graphBytes }: SessionOptions): number {
  if (graphBytes !== undefined) return graphBytes.length
  return graphFiles(graphPath).reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0)
}
