import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { RerankError } from '../../errors.js'
import { type Head, labelsHead } from '../encode/head.js'
import { createFeeds } from './feeds.js'
import { type Opened, openFirst } from './provider-order.js'
import type { Provider } from './providers.js'
import { chooseOutput, readScore } from './read-output.js'
import { sessionOptionsFor } from './session-options.js'

/** How one graph is opened. */
export interface SessionOptions {
  readonly graphPath: string
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

/** The part that has to do with opening. */
type OpeningOptions = Omit<SessionOptions, 'maxPositions' | 'head'>

/** One opened graph. `run` blocks the thread it is called on while it computes. */
export interface GraphSession {
  /** What computes, and what was to but could not. */
  readonly opened: Opened
  /** The score of one pair, a logit: token ids, and where the second segment starts. */
  run(ids: Int32Array, secondSegmentStart: number): Promise<number>
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
  const head = options.head ?? labelsHead(undefined)
  const output = chooseOutput(session, head, options.graphPath)
  const feeds = createFeeds(Tensor, session, options)
  let released = false
  return {
    opened,
    async run(ids, secondSegmentStart) {
      const answer = await session.run(feeds(ids, secondSegmentStart), [output])
      return readScore(head, answer[output] as Tensor)
    },
    async release() {
      if (released) return
      released = true
      await session.release()
    },
  }
}

type Runtime = typeof import('onnxruntime-node')

/** A graph as the runtime opened it, and the class its inputs are made of. */
export interface OpenedGraph {
  readonly session: InferenceSession
  readonly opened: Opened
  readonly Tensor: Runtime['Tensor']
}

/** Opens a graph of any kind. @throws as {@link openSession} does. */
export async function openGraph(options: OpeningOptions): Promise<OpenedGraph> {
  const providers = options.providers ?? ['cpu']
  const ort = await loadRuntime()
  // A provider that cannot be loaded is no error: the next one is tried, and the refusal is told in words.
  if (providers.some((name) => name !== 'cpu')) ort.env.logLevel = 'fatal'
  const create = (provider: Provider): Promise<InferenceSession> => createSession(ort, provider, options)
  const { session, opened } = await openFirst(providers, options.graphPath, create)
  return { session, opened, Tensor: ort.Tensor }
}

/** Which runtime was installed, and the providers it was built with. For reports; opens nothing. */
export async function runtimeFacts(): Promise<{ version: string | undefined; backends: readonly string[] }> {
  const ort = await loadRuntime()
  return { version: ort.env.versions.node, backends: ort.listSupportedBackends().map(({ name }) => name) }
}

async function loadRuntime(): Promise<Runtime> {
  refuseTelemetry()
  try {
    const ort = await import('onnxruntime-node')
    // Warnings about graph optimisations go to stderr otherwise; errors are thrown, not logged.
    ort.env.logLevel = 'error'
    return ort
  } catch (cause) {
    const { explainMissing, hostFacts } = await import('./missing-runtime.js')
    throw new RerankError('runtime', explainMissing(hostFacts(), cause), { cause })
  }
}

function createSession(ort: Runtime, provider: Provider, options: OpeningOptions): Promise<InferenceSession> {
  return ort.InferenceSession.create(options.graphPath, {
    executionProviders: [provider],
    executionMode: 'sequential',
    interOpNumThreads: 1,
    intraOpNumThreads: options.threads,
    logSeverityLevel: 3,
    ...sessionOptionsFor(options.graphPath, { provider, spinning: options.spinning ?? false }),
  })
}
