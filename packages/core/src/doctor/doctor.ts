import { checkOptions } from '../base/check.js'
import type { CrossEncoderOptions } from '../score/cross-encoder/cross-encoder.js'
import type { ScorerDefaults } from '../types.js'

/** What `doctor` tries out: the options of the scorer in question. Default: those of the bundled model. */
export type DoctorOptions = Pick<
  CrossEncoderOptions,
  'model' | 'revision' | 'dtype' | 'providers' | 'threads' | 'spinning' | 'workers' | 'hub'
>

const known = ['model', 'revision', 'dtype', 'providers', 'threads', 'spinning', 'workers', 'hub']

/**
 * Looks at the machine, the runtime, the model, the cache and the environment, and scores one pair: what a bug report
 * needs, as a plain object. Downloads nothing and writes nothing. A part that is broken holds an `error`, `problems` says
 * it in a sentence, and the rest is examined all the same.
 *
 * @throws RerankError `'invalid-argument'` for an option that does not exist, and for nothing else.
 */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  checkOptions('options', options, known)
  const { examine } = await import('./examine.js')
  return examine(options)
}

/** A part that could not be examined, and why. */
export interface Unknown {
  readonly error: string
}

/** The machine and Node.js. */
export interface MachineReport {
  readonly node: string
  readonly platform: string
  readonly arch: string
  readonly osRelease: string
  /** On Linux `'glibc 2.36'` or `'musl'`. */
  readonly libc?: string | undefined
  readonly cpuModel: string
  /** Instructions that matter for speed, where the system tells them: `avx2`, `avx512_vnni`, `amx_int8`, `asimddp`. */
  readonly instructionSets?: readonly string[] | undefined
  readonly cores: number
  /** Cores this process may use. */
  readonly usableCores: number
  readonly memoryBytes: number
  readonly freeMemoryBytes: number
}

/** onnxruntime-node. */
export interface RuntimeReport {
  readonly version: string
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

/** One model in the cache of the hub. */
export interface CachedModelReport {
  readonly model: string
  readonly commits: readonly string[]
  readonly bytes: number
  /** Part of `bytes`: downloads that were begun and not finished. */
  readonly unfinishedBytes: number
}

/** The cache that is shared with Python. */
export interface CacheReport {
  readonly folder: string
  readonly models: readonly CachedModelReport[]
  readonly bytes: number
}

/** What scoring one pair takes. */
export interface TrialReport {
  readonly scorerId: string
  /** What the scorer recommends for itself. `null` when it recommends nothing. */
  readonly defaults: ScorerDefaults | null
  readonly provider: string
  /** Providers that were asked for and could not be used. */
  readonly refused: readonly { readonly provider: string; readonly reason: string }[]
  /** From nothing to a model that is ready, in milliseconds. */
  readonly loadMs: number
  /** One pair of 27 tokens, the fastest of five, in milliseconds. */
  readonly pairMs: number
  readonly logit: number
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
  /** What is wrong, one sentence each; empty when all is well. */
  readonly problems: readonly string[]
}
