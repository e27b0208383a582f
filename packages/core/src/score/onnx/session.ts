import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { RerankError } from '../../errors.js'
import { createFeeds } from './feeds.js'
import { sessionOptionsFor } from './session-options.js'

/** How one graph is opened. */
export interface SessionOptions {
  readonly graphPath: string
  /** Threads inside one run; 1 or more. */
  readonly threads: number
  /** Rows of the position table, from `config.json`; the lean graph's merged table is indexed with it. */
  readonly maxPositions: number
}

/** One opened graph. `run` blocks the thread it is called on while it computes. */
export interface GraphSession {
  /** The logit of one pair: token ids, and where the second segment starts. */
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
  const { session, Tensor } = await openGraph(options)
  const output = singleLogit(session, options.graphPath)
  const feeds = createFeeds(Tensor, session, options)
  let released = false
  return {
    async run(ids, secondSegmentStart) {
      const answer = await session.run(feeds(ids, secondSegmentStart), [output])
      return Number((answer[output] as Tensor).data[0])
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
  readonly Tensor: Runtime['Tensor']
}

/** Opens a graph of any kind. @throws as {@link openSession} does. */
export async function openGraph(options: Pick<SessionOptions, 'graphPath' | 'threads'>): Promise<OpenedGraph> {
  const ort = await loadRuntime()
  return { session: await createSession(ort, options), Tensor: ort.Tensor }
}

async function loadRuntime(): Promise<Runtime> {
  refuseTelemetry()
  try {
    const ort = await import('onnxruntime-node')
    // Warnings about graph optimisations go to stderr otherwise; errors are thrown, not logged.
    ort.env.logLevel = 'error'
    return ort
  } catch (cause) {
    const where = `${process.platform}-${process.arch}, Node ${process.version}`
    const fix =
      'install onnxruntime-node (prebuilt for Linux with glibc, Windows, and macOS on Apple silicon), or use a hosted scorer'
    throw new RerankError('runtime', `onnxruntime-node did not load on ${where}: ${fix}.`, { cause })
  }
}

async function createSession(
  ort: Runtime,
  { graphPath, threads }: Pick<SessionOptions, 'graphPath' | 'threads'>,
): Promise<InferenceSession> {
  try {
    return await ort.InferenceSession.create(graphPath, {
      executionProviders: ['cpu'],
      executionMode: 'sequential',
      interOpNumThreads: 1,
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
      ...sessionOptionsFor(graphPath),
    })
  } catch (cause) {
    const fix = 'the file is damaged or not an ONNX graph for this version; restore it or export it again'
    throw new RerankError('model-files', `${graphPath} did not open (${(cause as Error).message}): ${fix}.`, { cause })
  }
}

function singleLogit(session: InferenceSession, graphPath: string): string {
  const name = session.outputNames.includes('logits') ? 'logits' : session.outputNames[0]
  const info = session.outputMetadata[session.outputNames.indexOf(name ?? '')]
  const labels = info?.isTensor ? info.shape.at(-1) : undefined
  if (name !== undefined && (labels === 1 || typeof labels === 'string')) return name
  const seen = name === undefined ? 'no output' : `the output ${name} with ${labels ?? 'unknown'} labels`
  throw new RerankError('model-files', `${graphPath} has ${seen}: a cross-encoder with one logit is needed.`)
}
