import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CrossEncoderOptions } from '../score/cross-encoder/options.js'
import { pays } from '../score/cross-encoder/tuning/choice.js'
import type { MeasuredReport } from './measured.js'

/** Something that works and would be better otherwise. */
export interface Advice {
  /** What it is about, a word: `'workers'`, `'threads'`, `'dtype'`, `'size'`, `'node'`, `'webassembly'`, `'tokenizers'`, `'keys'`, `'adapter'`, `'calibration'`. */
  readonly about: string
  /** Why, in one sentence, with the figure where there is one. */
  readonly reason: string
  /** The command to run, or the line to write. */
  readonly action: string
}

/** What the folder that the process was started in says of the application. */
export interface Project {
  /** Packages that package.json names, of whatever kind. */
  readonly dependencies: ReadonlySet<string>
  /** The text of next.config, `''` without one. */
  readonly nextConfig: string
  /** The scorer that calibration.json was made for; missing without such a file. */
  readonly calibratedFor?: string | undefined
}

/** What of the runtime's files nothing here will load. */
export interface Unneeded {
  /** Bytes of binaries for other machines. */
  readonly otherMachines: number
  /** Bytes of CUDA's libraries. */
  readonly cuda: number
}

/** Everything that advice is given on. */
export interface Known {
  /** What was found of the machine and the trial; a part that could not be examined says nothing. */
  readonly report: {
    readonly machine: { readonly node: string; readonly libc?: string | undefined } | { readonly error: string }
    readonly trial:
      | {
          readonly scorerId: string
          readonly provider: string
          readonly tokenizer: string
          readonly pairMs: number
        }
      | { readonly error: string }
    readonly measured: Pick<MeasuredReport, 'threads' | 'workers' | 'dtypes'> | { readonly error: string }
  }
  readonly options: Pick<CrossEncoderOptions, 'model' | 'dtype' | 'workers' | 'threads' | 'providers'>
  readonly project: Project
  readonly unneeded: Unneeded
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Packages whose presence says that the process answers requests. */
const SERVERS = ['express', 'fastify', 'hono', 'koa', 'next', '@nestjs/core', 'h3', 'nuxt', '@hapi/hapi', 'restify']

/** Frameworks and stores, and the package that fits each. */
const ADAPTERS: readonly (readonly [framework: string, names: readonly string[], adapter: string])[] = [
  ['LangChain', ['@langchain/core', 'langchain'], '@secondpass/langchain'],
  ['LlamaIndex', ['llamaindex', '@llamaindex/core'], '@secondpass/llamaindex'],
  ['the AI SDK', ['ai'], '@secondpass/ai-sdk'],
  ['Mastra', ['@mastra/core', '@mastra/rag'], '@secondpass/mastra'],
  ['LanceDB', ['@lancedb/lancedb'], '@secondpass/lancedb'],
]

/** Clients of services, and the variables that hold their keys, of which one is enough. */
const KEYS: readonly (readonly [client: string, variables: readonly string[], scorer: string])[] = [
  ['cohere-ai', ['COHERE_API_KEY', 'CO_API_KEY'], 'cohere'],
  ['voyageai', ['VOYAGE_API_KEY'], 'voyage'],
  ['@mixedbread/sdk', ['MXBAI_API_KEY'], 'mixedbread'],
  ['@pinecone-database/pinecone', ['PINECONE_API_KEY'], 'pinecone'],
]

const MIB = 2 ** 20

/** What is not worth a word. */
const SMALL = 10 * MIB

/** What would be better here. Each of it stands for itself: all of it can be done, or nothing. */
export function adviceOn(known: Known): Advice[] {
  const all = [workers, threads, dtype, size, node, webAssembly, tokenizers, adapters, nextJs, keys, calibration]
  return all.flatMap((look) => look(known))
}

function workers({ report: { trial, measured }, options, project: { dependencies } }: Known): Advice[] {
  const { chosen = 1, reason: why = '' } = 'workers' in measured ? measured.workers : {}
  const asked = options.workers ?? 0
  const server = SERVERS.find((name) => dependencies.has(name))
  if (asked === 0 && server !== undefined) {
    const time = 'pairMs' in trial ? ` (a short pair takes ${trial.pairMs} ms here)` : ''
    const reason = `package.json has ${server}, and without workers each pair is scored in the thread that answers requests${time}`
    const more = chosen === 1 ? '' : `; of workers, ${why}`
    const action = `createReranker({ scorer: crossEncoder({ workers: ${chosen} }) })`
    return [{ about: 'workers', reason: `${reason}${more}`, action }]
  }
  if (typeof asked !== 'number' || asked === 0 || asked >= chosen) return []
  return [{ about: 'workers', reason: `of workers, ${why}`, action: `crossEncoder({ workers: ${chosen} })` }]
}

function threads({ report: { measured }, options: { threads: asked = 1 } }: Known): Advice[] {
  if (!('threads' in measured) || measured.threads.steps.length === 0) return []
  const { chosen, reason } = measured.threads
  if (asked === 'measured' || asked === chosen) return []
  return [{ about: 'threads', reason: `inside one run, ${reason}`, action: `crossEncoder({ threads: ${chosen} })` }]
}

function dtype({ report: { measured }, options: { model, dtype: asked = 'auto' } }: Known): Advice[] {
  const times = 'dtypes' in measured ? new Map(measured.dtypes.map((one) => [one.dtype, one.pairMs])) : new Map()
  const [fp32, int8] = [times.get('fp32'), times.get('int8')]
  if (fp32 === undefined || int8 === undefined || asked === 'int8' || !pays(fp32, int8)) return []
  const reason = `int8 takes ${Math.round((100 * int8) / fp32)}% of the time of fp32; scores change a little, so measure with "secondpass eval" what that costs`
  return [{ about: 'dtype', reason, action: `crossEncoder({ model: '${model}', dtype: 'int8' })` }]
}

function size({ unneeded: { otherMachines, cuda }, options: { providers } }: Known): Advice[] {
  const advice: Advice[] = []
  if (otherMachines > SMALL) {
    const reason = `${mib(otherMachines)} of onnxruntime-node are binaries of other systems, which nothing here loads`
    advice.push({ about: 'size', reason, action: 'secondpass prune-runtime --yes' })
  }
  if (cuda > SMALL && providers?.some((name) => name === 'cuda' || name === 'tensorrt') !== true) {
    const reason = `${mib(cuda)} of onnxruntime-node are libraries for CUDA, and the processor computes`
    advice.push({
      about: 'size',
      reason,
      action: 'ONNXRUNTIME_NODE_INSTALL=skip npm install, in an empty node_modules',
    })
  }
  return advice
}

/** The major versions that get fixes for long are even; the first of them that still does. */
const OLDEST_WITH_FIXES = 22

function node({ report: { machine } }: Known): Advice[] {
  if (!('node' in machine)) return []
  const major = Number(/^v?(\d+)/.exec(machine.node)?.[1])
  const isOld = major < OLDEST_WITH_FIXES
  if (!isOld && major % 2 === 0) return []
  const why = isOld ? 'gets no more security fixes' : 'is of a line that is given up after half a year'
  return [{ about: 'node', reason: `Node.js ${machine.node} ${why}`, action: 'use Node.js 22 or 24' }]
}

function webAssembly({ report: { trial, machine } }: Known): Advice[] {
  if (!('provider' in trial) || trial.provider !== 'wasm') return []
  const isMusl = 'libc' in machine && machine.libc === 'musl'
  const why = isMusl ? 'onnxruntime-node has no binary for musl' : 'onnxruntime-node does not load on this machine'
  const action = isMusl
    ? 'use an image with glibc, such as node:24-slim'
    : 'ORT_DISABLE_TELEMETRY=1 node -e "require(\'onnxruntime-node\')", which says why'
  return [{ about: 'webassembly', reason: `the model runs in WebAssembly, several times slower: ${why}`, action }]
}

function tokenizers({ report: { trial } }: Known): Advice[] {
  if (!('tokenizer' in trial) || trial.tokenizer !== 'javascript') return []
  const reason = 'texts are cut into tokens in JavaScript, which is slower than in Rust and refuses more models'
  return [{ about: 'tokenizers', reason, action: 'npm install tokenizers' }]
}

function adapters({ project: { dependencies } }: Known): Advice[] {
  return ADAPTERS.flatMap(([framework, names, adapter]) => {
    const name = names.find((one) => dependencies.has(one))
    if (name === undefined || dependencies.has(adapter)) return []
    const reason = `package.json has ${name}, and ${adapter} puts a reranker where ${framework} wants one`
    return [{ about: 'adapter', reason, action: `npm install ${adapter}` }]
  })
}

function nextJs({ project: { dependencies, nextConfig } }: Known): Advice[] {
  if (!dependencies.has('next') || nextConfig.includes('@secondpass/core')) return []
  const reason =
    'package.json has next, and its bundler leaves out model and native library unless it is told otherwise'
  return [{ about: 'adapter', reason, action: "serverExternalPackages: ['@secondpass/core'] in next.config" }]
}

function keys({ project: { dependencies }, env }: Known): Advice[] {
  return KEYS.flatMap(([client, variables, scorer]) => {
    if (!dependencies.has(client) || variables.some((name) => (env[name] ?? '') !== '')) return []
    const reason = `package.json has ${client}, and ${scorer}() finds no key in ${variables.join(' or ')}`
    return [{ about: 'keys', reason, action: `set ${variables[0]}, or pass ${scorer}({ apiKey })` }]
  })
}

function calibration({ report: { trial }, project: { calibratedFor } }: Known): Advice[] {
  if (calibratedFor === undefined || !('scorerId' in trial) || trial.scorerId === calibratedFor) return []
  const reason = `calibration.json was made for ${calibratedFor}, and ${trial.scorerId} is what scores: its promise does not hold`
  return [{ about: 'calibration', reason, action: 'secondpass calibrate --input sample.jsonl --unlabelled' }]
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`
}

/** Reads the folder. What is not there, or is not what it seems, says nothing. */
export function projectIn(folder: string): Project {
  const manifest = json(join(folder, 'package.json'))
  const lists = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'].map((name) =>
    Object.keys((manifest[name] ?? {}) as object),
  )
  const config = ['js', 'mjs', 'cjs', 'ts', 'mts'].map((ending) => join(folder, `next.config.${ending}`))
  const nextConfig = text(config.find((path) => existsSync(path)))
  const { scorerId, version } = json(join(folder, 'calibration.json'))
  const isOurs = typeof scorerId === 'string' && typeof version === 'number'
  return { dependencies: new Set(lists.flat()), nextConfig, ...(isOurs && { calibratedFor: scorerId }) }
}

/** Looks at the files of a copy of onnxruntime-node. */
export function unneededIn(folder: string): Unneeded {
  let [otherMachines, cuda] = [0, 0]
  const here = new RegExp(`(^|[\\\\/])${process.platform}[\\\\/]${process.arch}[\\\\/]`)
  const bin = join(folder, 'bin')
  for (const path of existsSync(bin) ? readdirSync(bin, { recursive: true, encoding: 'utf8' }) : []) {
    const info = lstatSync(join(bin, path))
    if (!info.isFile()) continue
    if (!here.test(path)) otherMachines += info.size
    else if (/providers_(cuda|tensorrt)/.test(path)) cuda += info.size
  }
  return { otherMachines, cuda }
}

function json(path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text(path))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function text(path: string | undefined): string {
  try {
    return path === undefined ? '' : readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
