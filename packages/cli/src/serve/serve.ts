import { RerankError } from '@secondpass/core'
import { exitCodes, type ExitCode, oneLine } from '../errors.js'
import { type Io, tell } from '../io.js'
import { type Loaded, loadReranker, withReranker } from '../scorer/load.js'
import type { ScorerFlags } from '../scorer/options.js'
import { accessLog } from './access-log.js'
import { createApp } from './app.js'
import { BodyReader } from './body.js'
import { connectCache, type SharedCache } from './cache.js'
import { KEYS_VARIABLE, gateFor, readKeys } from './keys.js'
import { isLoopback, listen } from './listen.js'
import { Metrics } from './metrics.js'
import { openRecorder, type RecordFlags, type Recorder } from './record.js'
import { Scoring } from './scoring.js'

/** The options of `secondpass serve`. */
export interface ServeFlags extends ScorerFlags, RecordFlags {
  readonly host: string
  readonly port: number
  readonly apiKeys?: string
  readonly deadlineMs: number
  readonly maxDocuments: number
  readonly maxQueued: number
  readonly maxBodyMib: number
  readonly drainMs: number
  readonly cache?: string
  readonly servedModelName?: string
  readonly accessLog: boolean
}

/** What most models can read, for clients that ask before it is known. */
const USUAL_LENGTH = 512

/**
 * Serves until the signal of `io` aborts, then takes no more requests and waits for those under way.
 *
 * @throws CliError when the place is taken, a file cannot be used or the scorer cannot be made; RerankError when the
 *   model cannot be loaded.
 */
export async function serve(flags: ServeFlags, io: Io): Promise<ExitCode> {
  const keys = readKeys(flags.apiKeys, io)
  if (keys.length === 0 && !isLoopback(flags.host)) {
    tell(io, `secondpass: anybody who can reach ${flags.host} may use this server: set ${KEYS_VARIABLE} or --api-keys`)
  }
  const recorder = openRecorder(flags, io)
  const cache = flags.cache === undefined ? undefined : await connectCache(flags.cache, teller(io))
  try {
    return await withReranker(await load(flags, io, cache), (loaded) => run(flags, { loaded, io, keys, recorder }))
  } finally {
    cache?.close()
    await recorder?.close()
  }
}

function load(flags: ServeFlags, io: Io, cache: SharedCache | undefined): Promise<Loaded> {
  // A server has other things to do beside scoring, such as to say that it is alive.
  const isOurModel = flags.scorer === undefined && flags.workers === undefined
  const scoring: ScorerFlags = isOurModel ? { ...flags, workers: 'auto' } : flags
  return loadReranker(scoring, io, {
    needs: { depth: Infinity },
    ...(cache !== undefined && { wrap: { option: 'cache', around: (scorer) => cache.around(scorer) } }),
  })
}

interface Parts {
  readonly loaded: Loaded
  readonly io: Io
  readonly keys: readonly string[]
  readonly recorder: Recorder | undefined
}

async function run(flags: ServeFlags, { loaded, io, keys, recorder }: Parts): Promise<ExitCode> {
  const { deadlineMs, maxDocuments, maxQueued, maxLength = USUAL_LENGTH } = flags
  // Only a model's own number can be a logit without the model saying so; of another scorer nothing is known.
  const givesLogits = (): boolean => flags.scorer === undefined && loaded.scorer?.toProbability === undefined
  const scoring = new Scoring(loaded.reranker, { deadlineMs, maxQueued, givesLogits })
  // The model loads while the rest of the server does; whether it could is asked below.
  const warm = scoring.warmUp()
  warm.catch(() => undefined)
  const metrics = await Metrics.start(scoring)
  let state: 'starting' | 'ready' | 'draining' = 'starting'
  const app = await createApp({
    scoring,
    metrics,
    maxDocuments,
    maxQueued,
    maxLength,
    gate: gateFor(keys),
    bodies: new BodyReader({ maxBodyBytes: flags.maxBodyMib * 2 ** 20 }),
    model: () => flags.servedModelName ?? loaded.scorer?.id ?? loaded.id,
    state: () => state,
    answered: (request) => recorder?.add(request),
    log: flags.accessLog ? accessLog(io, () => metrics.droppedLines.inc()) : () => {},
    failed: (requestId, error) => teller(io)(`request ${requestId} failed: ${safeMessage(error)}`),
  })
  const listening = await listen(app, flags)
  tell(io, `secondpass: listening at ${listening.url}`)
  try {
    await warm
    state = 'ready'
    metrics.ready.set(1)
    tell(io, `secondpass: ready after ${Math.round(performance.now())} ms with ${loaded.scorer?.id ?? loaded.id}`)
    await aborted(io.signal)
  } finally {
    state = 'draining'
    metrics.ready.set(0)
    await listening.drain(flags.drainMs)
  }
  return exitCodes.ok
}

function teller(io: Io): (message: string) => void {
  return (message) => tell(io, `secondpass: ${message}`)
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** What an operator needs of an error and nothing that may hold a text, as the message of a scorer module may. */
function safeMessage(error: unknown): string {
  if (RerankError.is(error) && error.code !== 'invalid-argument' && error.cause === undefined) return oneLine(error)
  const { name, code } = (error ?? {}) as Partial<NodeJS.ErrnoException>
  return [name ?? typeof error, code].filter(Boolean).join(' ')
}
