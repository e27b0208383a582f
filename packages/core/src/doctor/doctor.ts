import { checkOptions, flag } from '../base/check.js'
import { isError } from '../base/errors.js'
import { type OnnxCrossEncoder, openCrossEncoder } from '../score/cross-encoder/cross-encoder.js'
import type { CrossEncoderOptions } from '../score/cross-encoder/options.js'
import { readTokenizerFiles } from '../score/cross-encoder/model-files.js'
import { ModelSource } from '../score/cross-encoder/model-source.js'
import {
  type FoundCopy,
  installedCopies,
  neighbourCopy,
  overrideFix,
  ownCopy,
} from '../score/cross-encoder/session/copies.js'
import { loadRuntime } from '../score/cross-encoder/session/node.js'
import { cacheFolderOf } from '../score/hub/cache.js'
import type { ScorerDefaults } from '../types.js'
import type { Advice } from './advice.js'
import type { CacheReport, MachineReport } from './machine.js'
import type { MeasuredReport } from './measured.js'
import type { TrialReport } from './trial.js'

/** What `doctor` tries out: the options of the scorer in question. Default: those of the bundled model. */
export interface DoctorOptions extends Pick<
  CrossEncoderOptions,
  'model' | 'revision' | 'dtype' | 'graph' | 'providers' | 'threads' | 'spinning' | 'workers' | 'hub'
> {
  /**
   * Whether to measure how many threads and workers pay off here and, of a model that has both, what `fp32` and `int8` take.
   * Keeps it in the cache, where `threads: 'measured'` and `workers: 'measured'` find it. Default `false`: the report says
   * what was measured before.
   */
  readonly measure?: boolean | undefined
}

const known = ['model', 'revision', 'dtype', 'graph', 'providers', 'threads', 'spinning', 'workers', 'hub', 'measure']

/**
 * Looks at the machine, the runtime, the model, the cache and the environment, and scores one pair: what a bug report
 * needs, as a plain object, with advice on what would be better here. Downloads nothing, and writes nothing unless it is to
 * measure. A part that is broken holds an `error`, `problems` says it in a sentence, and the rest is examined all the same.
 *
 * @throws RerankError `'invalid-argument'` for an option that does not exist, and for nothing else.
 */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  checkOptions('options', options, known)
  const { measure = false, ...scoring } = options
  flag('options.measure', measure)
  const { cacheReport, environmentReport, installedVersion, machineReport, ownManifest, peerVersions } =
    await import('./machine.js')
  const { adviceOn, projectIn, unneededIn } = await import('./advice.js')
  const problems: string[] = []
  const look: Look = async <T>(part: string, how: () => T | Promise<T>): Promise<T | Unknown> => {
    try {
      return await how()
    } catch (error) {
      const message = isError(error) ? error.message : String(error)
      problems.push(`${part}: ${message}`)
      return { error: message }
    }
  }
  const report = {
    secondpass: ownManifest().version,
    machine: await look('machine', machineReport),
    runtime: await look('runtime', runtimeReport),
    tokenizers: installedVersion('@huggingface/tokenizers'),
    peers: peerVersions(),
    model: await look('model', modelReport),
    cache: await look('cache', () => cacheReport(cacheFolderOf(options.hub ?? {}))),
    environment: environmentReport(),
    ...(await tryOut(scoring, measure, look)),
  }
  const folder = 'folder' in report.runtime ? report.runtime.folder : ''
  const facts = { report, options, project: projectIn(process.cwd()), unneeded: unneededIn(folder), env: process.env }
  return { ...report, problems: [...problems, ...otherProblems(report)], advice: adviceOn(facts) }
}

/** A part that could not be examined, and why. */
export interface Unknown {
  readonly error: string
}

/** onnxruntime-node. */
export interface RuntimeReport {
  readonly version: string
  /** The folder of the copy that is used: this package's own, or the one that a package beside it pins. */
  readonly folder: string
  /** Every copy that is installed beside this package or the project, or loaded in this process. */
  readonly copies: readonly FoundCopy[]
  /** Providers that the runtime was built with; whether they can be used here only shows when one is. */
  readonly backends: readonly string[]
  readonly telemetry: 'off' | 'on'
}

/** The model that comes with the package. */
export interface BundledModelReport {
  readonly id: string
  readonly path: string
  /** What its config.json recommends: its blend, the scripts it reads. `null` when it says nothing. */
  readonly defaults: ScorerDefaults | null
  /** Whether every file has the sum it was published with. */
  readonly isIntact: boolean
}

/** What {@link doctor} found: plain data, fit for `JSON.stringify` and for a bug report. It holds no token and no password. */
export interface DoctorReport {
  readonly secondpass: string
  readonly machine: MachineReport | Unknown
  readonly runtime: RuntimeReport | Unknown
  /** Version of `@huggingface/tokenizers`. */
  readonly tokenizers: string | null
  /** Versions of the optional packages, `null` for those that are not installed. */
  readonly peers: Readonly<Record<string, string | null>>
  readonly model: BundledModelReport | Unknown
  readonly cache: CacheReport | Unknown
  /** Variables that change what this library does. Of secrets it says only that they are set. */
  readonly environment: Readonly<Record<string, string>>
  readonly trial: TrialReport | Unknown
  /** How many threads and workers pay off here with the model of the trial, as far as it was measured, and why. */
  readonly measured: MeasuredReport | Unknown
  /** What is wrong, one sentence each; empty when all is well. */
  readonly problems: readonly string[]
  /**
   * What works and would be better otherwise here, by what is installed and what the package.json of the working directory
   * names; empty when there is nothing to say.
   */
  readonly advice: readonly Advice[]
}

async function runtimeReport(): Promise<RuntimeReport> {
  const ort = await loadRuntime()
  const copies = installedCopies()
  const version = ort.env.versions.node ?? 'unknown'
  const expected = neighbourCopy() ?? ownCopy()
  const used = expected?.version === version ? expected : copies.find((copy) => copy.isLoaded)
  const backends = ort.listSupportedBackends().map(({ name }) => name)
  const telemetry = process.env['ORT_DISABLE_TELEMETRY'] === '1' ? 'off' : 'on'
  return { version, folder: used?.folder ?? 'unknown', copies, backends, telemetry }
}

async function modelReport(): Promise<BundledModelReport> {
  const { folder } = new ModelSource({ model: 'bundled' })
  if (folder === undefined) throw new Error('the bundled model was not found')
  await readTokenizerFiles(folder)
  return { id: folder.id, path: folder.path, defaults: folder.defaults ?? null, isIntact: true }
}

/** What went well and still deserves a word. */
function otherProblems({ runtime, tokenizers, trial }: Omit<DoctorReport, 'problems' | 'advice'>): string[] {
  const found: string[] = []
  if (tokenizers === null) found.push('tokenizers: @huggingface/tokenizers is not installed; run npm install.')
  if ('telemetry' in runtime && runtime.telemetry === 'on')
    found.push('runtime: ORT_DISABLE_TELEMETRY is set to something else than 1, so onnxruntime may send usage data.')
  if ('copies' in runtime) for (const problem of secondCopies(runtime)) found.push(problem)
  for (const { provider, reason } of 'refused' in trial ? trial.refused : [])
    found.push(`trial: the provider ${provider} could not be used (${reason}).`)
  return found
}

/** Copies that cannot be loaded beside the one that is used; this package's own is not needed when another is. */
function secondCopies({ copies, version, folder }: RuntimeReport): string[] {
  const own = ownCopy()
  const others = copies.filter((copy) => copy.version !== version && copy.folder !== own?.folder)
  if (others.length === 0) return []
  const list = others.map((copy) => `${copy.version} (${copy.folder})`).join(', ')
  return [
    `runtime: onnxruntime-node ${version} (${folder}) is used and ${list} is installed as well; ${overrideFix(version)}.`,
  ]
}

/** Examines one part; of one that is broken it returns why. */
type Look = <T>(part: string, how: () => T | Promise<T>) => Promise<T | Unknown>

/** Loads a model, scores one pair a few times, and says or measures what pays off. Downloads nothing. */
async function tryOut(
  options: CrossEncoderOptions,
  measure: boolean,
  look: Look,
): Promise<Pick<DoctorReport, 'trial' | 'measured'>> {
  const offline = { ...options, ...(options.model && { hub: { ...options.hub, offline: true } }) }
  let scorer: OnnxCrossEncoder | undefined
  const { trialReport } = await import('./trial.js')
  const trial = await look('trial', async () => {
    scorer = openCrossEncoder(offline, measure)
    return trialReport(scorer)
  })
  if (scorer === undefined || 'error' in trial) {
    await scorer?.close()
    return { trial, measured: { error: 'the model of the trial did not score' } }
  }
  const tried = scorer
  const { measuredReport } = await import('./measured.js')
  const measured = await look('measured', () => measuredReport(tried, offline, measure))
  await tried.close()
  return { trial, measured }
}
