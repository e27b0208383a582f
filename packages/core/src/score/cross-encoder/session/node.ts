import module from 'node:module'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { RerankError } from '../../../base/errors.js'
import { isWrittenHere } from '../../hub/layout.js'
import { requireElsewhere } from '../installed.js'
import type { PairRunner } from '../reading.js'
import {
  explainLoaded,
  isSupported,
  loadedCopies,
  neighbourCopy,
  ownCopy,
  realmOfProcess,
  requireFrom,
  type Runtime,
  type RuntimeCopy,
} from './copies.js'
import { failed, failure, isRuntimeError, reasonOf, type Refusal } from './failures.js'
import { type GraphValue, type GraphValues, readGraphValues } from './graph-values.js'
import { explainMissing, hostFacts, type Provider } from './providers.js'
import type { StateGraph, StateWidths } from '../states.js'
import { sumsExactly } from './sums.js'
import {
  createFeeds,
  type Head,
  headFor,
  intTensor,
  labelsHead,
  numbersOf,
  onlyOne,
  outputFor,
  rowWidthOf,
  scoreOf,
  stateFeeds,
  stateWidths,
  type TensorClass,
} from './tensors.js'

/** How one graph is opened. */
export interface SessionOptions {
  readonly graphPath: string
  /** A lean graph that is in no file; `graphPath` is where it would be. */
  readonly graphBytes?: Uint8Array | undefined
  /** The id of the model that a lean graph was made of: what errors name, since nobody knows the file. */
  readonly leanOf?: string | undefined
  /** Threads inside one run; 1 or more. */
  readonly threads: number
  /** Rows of the position table, from `config.json`; the lean graph's merged table is indexed with it. */
  readonly maxPositions: number
  /** How the graph's numbers become a score. Default: there is one, and it is the score. */
  readonly head?: Head | undefined
  /** Tried in this order. Default: the processor alone. */
  readonly providers?: readonly Provider[] | undefined
  /** Whether waiting threads spin. Default: no. */
  readonly spinning?: boolean | undefined
}

/** What computes a graph, and what was to compute it but could not. */
export interface Opened {
  readonly provider: Provider
  readonly refused: readonly Refusal[]
}

/**
 * What computes, as a part of a scorer's id: another device gives other last digits. The processor goes without saying;
 * until it is known what computes, the part is one that no other scorer has.
 *
 * @param key the scorer's own
 */
export function providerPart(
  asked: readonly Provider[] | undefined,
  opened: Pick<Opened, 'provider'> | undefined,
  key: string,
): string[] {
  if (opened !== undefined) return opened.provider === 'cpu' ? [] : [opened.provider]
  return asked === undefined || asked[0] === 'cpu' ? [] : [`unresolved-${key}`]
}

/** A runner that says what it computes with. */
export interface OpenedRunner extends PairRunner {
  readonly opened: Opened
}

/** The options that opening depends on. */
type OpeningOptions = Omit<SessionOptions, 'maxPositions' | 'head'>

/** One opened graph. `run` blocks the thread it is called on while it computes. */
export interface GraphSession {
  /** What computes, and what was to but could not. */
  readonly opened: Opened
  /** The score of one pair, a logit: token ids, and where the second segment starts. */
  run(ids: Int32Array, secondSegmentStart: number): Promise<number>
  /** The same in steps, for a graph that reads the texts of a pair apart first; missing for others. */
  readonly states: StateGraph | undefined
  release(): Promise<void>
}

/**
 * Asks onnxruntime not to send usage telemetry, unless the user has set the variable. It is read when the native
 * library loads and in the main thread's environment only, so this must run there first.
 */
export function refuseTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1'
}

/**
 * Opens a graph. The only file that knows onnxruntime-node.
 *
 * @throws RerankError `'runtime'` when onnxruntime-node cannot be loaded here, `'model-files'` when the graph cannot be
 * opened or has inputs or outputs that no rule here covers.
 */
export async function openSession(options: SessionOptions): Promise<GraphSession> {
  const { session, Tensor, opened } = await openGraph(options)
  const graph = nameOf(options)
  const values = await valuesOf(session, options.graphPath)
  const { output, head } = chooseOutput(values.outputs, options.head ?? labelsHead(undefined), graph)
  const feeds = createFeeds(Tensor, values.inputs, options)
  let released = false
  const run = async (ids: Int32Array, inputs: Record<string, object>, wanted: string): Promise<Tensor> => {
    const answer = await session
      .run(inputs as Record<string, Tensor>, [wanted])
      .catch((cause: unknown) => failed(graph, ids, cause))
    return onlyOne(answer)
  }
  const widths = stateWidths(values.inputs.map((input) => ({ name: input.name, width: rowWidthOf(input) })))
  const join = async (ids: Int32Array, secondSegmentStart: number, known?: Record<string, object>): Promise<number> =>
    readScore(head, await run(ids, { ...feeds(ids, secondSegmentStart), ...known }, output))
  return {
    opened,
    run: join,
    states: widths && stateGraph(widths, { Tensor: Tensor as unknown as TensorClass, run, join }),
    async release() {
      if (released) return
      released = true
      await session.release()
    },
  }
}

interface Run {
  readonly Tensor: TensorClass
  run(ids: Int32Array, inputs: Record<string, object>, wanted: string): Promise<Tensor>
  join(ids: Int32Array, secondSegmentStart: number, known: Record<string, object>): Promise<number>
}

/** The steps of a graph of ours: training/export/state_graph.py says what it gives for which inputs. */
function stateGraph(widths: StateWidths, { Tensor, run, join }: Run): StateGraph {
  const alone = (ids: Int32Array): Record<string, object> => ({
    token_ids: intTensor(Tensor, { type: 'int32', dims: [ids.length] }, (at) => ids[at] as number),
    position_type_ids: intTensor(Tensor, { type: 'int32', dims: [0] }, () => 0),
    ...stateFeeds(Tensor, widths),
  })
  return {
    passageWidth: widths.passage,
    encodeQuery: async (ids) => (await run(ids, alone(ids), 'query_states')).data as Float32Array,
    encodePassage: async (ids) => (await run(ids, alone(ids), 'passage_states')).data as Uint8Array,
    join: (ids, secondSegmentStart, known) => join(ids, secondSegmentStart, stateFeeds(Tensor, widths, known)),
  }
}

/** A graph as the runtime opened it, and the class its inputs are made of. */
export interface OpenedGraph {
  readonly session: InferenceSession
  readonly opened: Opened
  readonly Tensor: Runtime['Tensor']
}

/** Where no provider is asked for: the processor, by the native runtime, or by WebAssembly where that does not load. */
const USUAL: readonly Provider[] = ['cpu', 'wasm']

/** Opens a graph of any kind. @throws as {@link openSession} does. */
export async function openGraph(options: OpeningOptions): Promise<OpenedGraph> {
  const { providers } = options
  const create = async (provider: Provider): Promise<{ ort: Runtime; session: InferenceSession }> => {
    if (provider === 'wasm') {
      const { openWasm } = await import('./wasm.js')
      return openWasm(options, opensLean(options))
    }
    const ort = await loadRuntime()
    // A provider that cannot be loaded is no error: the next one is tried, and the report names the refusal.
    if (providers?.some((name) => name !== 'cpu')) ort.env.logLevel = 'fatal'
    return { ort, session: await createSession(ort, provider, options) }
  }
  const { session: found, opened } = await openFirst(providers, nameOf(options), create)
  return { session: found.session, opened, Tensor: found.ort.Tensor }
}

/**
 * What an opened graph takes and gives. Runtimes before 1.22 know only the names; there the file is read, which holds
 * what its exporter wrote down.
 */
export async function valuesOf(session: InferenceSession, graphPath: string): Promise<GraphValues> {
  const { inputMetadata, outputMetadata } = session as Partial<InferenceSession>
  if (inputMetadata !== undefined && outputMetadata !== undefined) {
    return { inputs: inputMetadata, outputs: outputMetadata }
  }
  const { inputs, outputs } = await readGraphValues(graphPath)
  const find = (values: readonly GraphValue[], name: string): GraphValue =>
    values.find((value) => value.name === name) ?? { name, isTensor: false }
  return {
    inputs: session.inputNames.map((name) => find(inputs, name)),
    outputs: session.outputNames.map((name) => find(outputs, name)),
  }
}

/**
 * Opens a graph with the first provider that can. The runtime itself does not fall back: it throws when the first one
 * cannot be loaded.
 *
 * @param providers Default: the processor, and WebAssembly where the runtime itself does not load.
 * @throws RerankError `'model-files'` when the processor cannot open the graph either, `'runtime'` when the runtime did not
 * load, or there is no provider left and the processor was not asked for.
 */
export async function openFirst<Session>(
  providers: readonly Provider[] | undefined,
  graph: string,
  create: (provider: Provider) => Promise<Session>,
): Promise<{ session: Session; opened: Opened }> {
  const refused: Refusal[] = []
  const causes: unknown[] = []
  for (const provider of providers ?? USUAL) {
    try {
      return { session: await create(provider), opened: { provider, refused } }
    } catch (cause) {
      causes.push(cause)
      refused.push({ provider, reason: reasonOf(cause) })
      if (providers === undefined && !isRuntimeError(cause)) break
    }
  }
  throw failure(refused, graph, causes)
}

/**
 * Loads the runtime. A process can hold one version of its native library. Where a neighbour would load another copy than
 * this package's own, both use the neighbour's, which leaves it free to be loaded before or after; and where another copy
 * is loaded already, it is that one.
 *
 * @throws RerankError `'runtime'`, with the cause in a sentence.
 */
export async function loadRuntime(): Promise<Runtime> {
  refuseTelemetry()
  const shared = neighbourCopy()
  try {
    const ort = shared === undefined ? loadOwn() : requireFrom(shared.folder)
    // Warnings about graph optimisations go to stderr otherwise; errors are thrown, not logged.
    ort.env.logLevel = 'error'
    return ort
  } catch (cause) {
    return loadAnother(cause, shared)
  }
}

/**
 * The runtime, after the copy that was to be loaded has failed: the one that something else in this process has loaded,
 * else this package's own.
 */
function loadAnother(cause: unknown, shared: RuntimeCopy | undefined): Runtime {
  const own = ownCopy()
  const loaded = loadedCopies()
  const tried = shared ?? own
  const instead = [...loaded.filter(({ version }) => isSupported(version)), ...(own === undefined ? [] : [own])]
  for (const { folder } of instead.filter((copy) => copy.folder !== tried?.folder)) {
    try {
      const ort = requireFrom(folder)
      ort.env.logLevel = 'error'
      return ort
    } catch {
      // What failed first says more.
    }
  }
  const clash = tried === undefined ? undefined : explainLoaded(tried, loaded)
  throw new RerankError('runtime', clash ?? explainMissing(hostFacts(), cause), { cause })
}

/**
 * Jest, and the vm pools of vitest, run modules in a realm that has typed arrays of its own, and the native library makes
 * those of the process: there the runtime is loaded in the realm of the process, where its own checks hold.
 */
function loadOwn(): Runtime {
  return isOwnRealm() ? requireRuntime() : requireFrom(import.meta.url, 'onnxruntime-node')
}

function requireRuntime(): Runtime {
  try {
    const require = module.createRequire(import.meta.url)
    return require('onnxruntime-node') as Runtime
  } catch (error) {
    return requireElsewhere('onnxruntime-node', error) as Runtime
  }
}

function isOwnRealm(): boolean {
  try {
    return realmOfProcess().Float32Array === Float32Array
  } catch {
    // A runtime that has no realms to speak of.
    return true
  }
}

async function createSession(ort: Runtime, provider: Provider, options: OpeningOptions): Promise<InferenceSession> {
  const { graphPath, graphBytes } = options
  const isLean = opensLean(options)
  const isExact = isLean || provider !== 'cpu' || (await sumsExactly(ort))
  const settings: InferenceSession.SessionOptions = {
    executionProviders: [provider],
    executionMode: 'sequential',
    interOpNumThreads: 1,
    intraOpNumThreads: options.threads,
    // What fails is thrown, not printed.
    logSeverityLevel: 4,
    ...graphOptionsFor({ isLean, isExact, provider, spinning: options.spinning ?? false }),
  }
  return graphBytes === undefined
    ? ort.InferenceSession.create(graphPath, settings)
    : ort.InferenceSession.create(graphBytes, settings)
}

function opensLean({ graphPath, graphBytes }: OpeningOptions): boolean {
  return graphBytes !== undefined || isWrittenHere(graphPath)
}

interface GraphKind {
  readonly isLean: boolean
  /** Whether sums of bytes are right without asking for it. */
  readonly isExact: boolean
  readonly provider: Provider
  readonly spinning: boolean
}

/** The options that depend on what kind of graph a file holds, and on what will run it. */
function graphOptionsFor({ isLean, isExact, provider, spinning }: GraphKind): InferenceSession.SessionOptions {
  // Waiting threads would burn a core between runs, which a server needs for something else.
  const intra_op = { allow_spinning: spinning ? '1' : '0' }
  const session = { intra_op }
  // Nothing is left to fuse in a lean graph, and its int8 weights keep within 64: looking for either takes 0.1 s.
  if (isLean) return { graphOptimizationLevel: 'basic', extra: { session } }
  if (provider !== 'cpu') return { graphOptimizationLevel: 'all', extra: { session } }
  return {
    graphOptimizationLevel: 'all',
    extra: {
      // Without VNNI, int8 weights beyond 64 overflow 16-bit sums and the scores come out wrong; this takes the exact way
      // for such weights, which the usual int8 files have.
      session: { intra_op, ...(!isExact && { x64quantprecision: '1' }) },
      // On CPU the fused Add + LayerNormalization is slower than the two apart: 1.22 times over a whole graph.
      optimization: { disable_specified_optimizers: 'SkipLayerNormFusion' },
    },
  }
}

/**
 * The output that holds the scores, and the head that reads it.
 *
 * @throws RerankError `'model-files'` when there is none or it does not hold what the head reads.
 */
function chooseOutput(outputs: readonly GraphValue[], head: Head, graph: string): { output: string; head: Head } {
  const names = outputs.map(({ name }) => name)
  const output = outputFor(head, names)
  if (output === undefined) throw new RerankError('model-files', `${graph} has no output: export it again.`)
  const info = outputs[names.indexOf(output)]
  return { output, head: headFor(head, { name: output, dims: info?.isTensor ? info.shape : [] }, graph) }
}

/** What an error calls a graph. */
function nameOf({ graphPath, leanOf }: Pick<SessionOptions, 'graphPath' | 'leanOf'>): string {
  return leanOf === undefined ? graphPath : `The lean graph of ${leanOf} (${graphPath})`
}

/** The score in one output. */
export function readScore(head: Head, { type, data, dims }: Tensor): number {
  return scoreOf(head, dims, numbersOf({ type, data: data as ArrayLike<unknown> }))
}
