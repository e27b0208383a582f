import { randomUUID } from 'node:crypto'
import type { Context, Hono } from 'hono'
import { version } from '../version.js'
import type { LogEntry } from './access-log.js'
import { answerOf, errorBody, infoBody, modelsBody } from './answer.js'
import type { BodyReader } from './body.js'
import type { Gate } from './keys.js'
import type { Metrics } from './metrics.js'
import { type Dialect, RequestError, type RerankRequest, dialectOf, formOf, readRequest } from './request.js'
import { type Scored, type Scoring, ScoringError } from './scoring.js'

/** What the paths are served from. */
export interface Served {
  readonly scoring: Scoring
  readonly metrics: Metrics
  readonly gate: Gate
  readonly bodies: BodyReader
  readonly maxDocuments: number
  readonly maxQueued: number
  /** Tokens that the model reads of a pair. */
  readonly maxLength: number
  /** The name it is served under. */
  model(): string
  state(): 'starting' | 'ready' | 'draining'
  /** Told of each request that was answered with scores. */
  answered(request: RerankRequest): void
  /** Told of each request that is no question after the server's health. */
  log(entry: LogEntry): void
  /** Told what a scorer failed with. */
  failed(requestId: string, error: unknown): void
}

/** What is known of a request on its way. */
interface Visit {
  readonly requestId: string
  readonly startedAt: number
  readonly path: string
  dialect?: Dialect | undefined
  documents?: number
  scored?: Scored
  error?: RequestError
}

/** Whatever clients put before it, a reranking ends in one of these. */
const RERANK = /\/(?:(?:text-)?rerank(?:s|ing|ings)?|ranking|score)$/

/** What tells how the server is, by the end of its path: nobody needs a key for it, and its answers are not logged. */
const PROBES: Readonly<Record<string, (served: Served, context: Context) => Response | Promise<Response>>> = {
  '/health': (_, context) => context.json({ status: 'ok' }),
  '/ready': (served, context) => {
    const status = served.state()
    return context.json({ status }, status === 'ready' ? 200 : 503)
  },
  '/metrics': async ({ metrics }, context) => {
    const { type, text } = await metrics.page()
    return context.body(text, 200, { 'content-type': type })
  },
}

/** The paths of the server, on the `Request` and `Response` of the web. Hono is loaded only by whoever serves. */
export async function createApp(served: Served): Promise<Hono> {
  const { Hono: App } = await import('hono')
  const app = new App()
  app.all('*', (context) => {
    const path = context.req.path.replace(/(?<=.)\/$/, '')
    const probe = isRead(context) ? PROBES[lastPart(path)] : undefined
    return probe?.(served, context) ?? visit(served, context, path)
  })
  return app
}

function isRead({ req: { method } }: Context): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** What stands before it is of the base URL of a client, or of a proxy, and does not matter. */
function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/'))
}

async function visit(served: Served, context: Context, path: string): Promise<Response> {
  const one: Visit = { requestId: requestIdOf(context), startedAt: performance.now(), path }
  const headers = new Headers({ 'content-type': 'application/json', 'x-request-id': one.requestId })
  let status = 200
  let body: object
  try {
    body = await answer(served, context, one)
    if (one.scored !== undefined) headers.set('x-secondpass-outcome', one.scored.outcome)
  } catch (error) {
    one.error = asRequestError(served, one, { error, signal: context.req.raw.signal })
    status = one.error.status
    body = errorBody(one.dialect ?? dialectOf(path), one.error, one.requestId)
    const { retryAfterSeconds } = one.error
    if (retryAfterSeconds !== undefined) headers.set('retry-after', String(retryAfterSeconds))
    if (status === 401) headers.set('www-authenticate', 'Bearer')
    if (status === 405) headers.set('allow', RERANK.test(path) ? 'POST' : 'GET, HEAD')
  }
  // What is left of a body that was refused must not be taken for the next request.
  if (served.state() === 'draining' || status === 413) headers.set('connection', 'close')
  tellEnd(served, one, status)
  return new Response(JSON.stringify(body), { status, headers })
}

async function answer(served: Served, context: Context, one: Visit): Promise<object> {
  const { req } = context
  const { path } = one
  const last = lastPart(path)
  const { maxDocuments, maxQueued, maxLength } = served
  const model = served.model()
  if (isRead(context) && last === '/info') return infoBody({ model, maxLength, maxDocuments, maxQueued, version })
  if (!served.gate.opens(req.raw.headers)) {
    const fix = 'send one of the server, as in "authorization: Bearer KEY"'
    throw new RequestError(401, `There is no key, or not the right one: ${fix}.`)
  }
  if (isRead(context) && last === '/models') return modelsBody({ model, maxLength })
  if (last === '/info' || last === '/models' || last in PROBES) {
    throw new RequestError(405, `${req.method} does nothing here: use GET.`)
  }
  if (!RERANK.test(path)) throw new RequestError(404, 'There is nothing at this path: try POST /v1/rerank.')
  if (req.method !== 'POST') throw new RequestError(405, `${req.method} does nothing here: use POST.`)
  const deadlineMs = readDeadline(req.raw.headers.get('x-deadline-ms'))
  one.dialect = dialectOf(path)
  return served.bodies.read(req.raw, async (body) => {
    const form = formOf(path, body)
    one.dialect = form.dialect
    const request = readRequest(form, served)
    one.documents = request.texts.length
    const scored = await served.scoring.score(request, { signal: req.raw.signal, deadlineMs })
    one.scored = scored
    served.answered(request)
    const rows = scored.rows.slice(0, request.topN)
    return answerOf(request, rows, { requestId: one.requestId, model: served.model(), tokens: scored.tokens })
  })
}

/** The id that a proxy gave, where it is one that a log can hold; else a new one. */
function requestIdOf({ req }: Context): string {
  const given = req.header('x-request-id')
  return given !== undefined && /^[\w.:+/=-]{1,128}$/.test(given) ? given : randomUUID()
}

function readDeadline(header: string | null): number | undefined {
  if (header === null) return undefined
  const deadlineMs = Number(header)
  if (header.trim() !== '' && deadlineMs > 0) return deadlineMs
  throw new RequestError(400, 'x-deadline-ms is no time: send milliseconds, more than 0.')
}

/** A client that has left is answered by nobody; 499 is what logs call that. */
const LEFT = 499

function asRequestError(
  served: Served,
  { requestId }: Visit,
  { error, signal }: { readonly error: unknown; readonly signal: AbortSignal },
): RequestError {
  if (error instanceof RequestError && !(error instanceof ScoringError)) return error
  if (signal.aborted) return new RequestError(LEFT, 'The client has left.')
  served.failed(requestId, error instanceof ScoringError ? error.cause : error)
  return error instanceof ScoringError ? error : new RequestError(500, 'The server failed.')
}

function tellEnd({ log, metrics }: Served, one: Visit, status: number): void {
  const { requestId, path, dialect, documents, scored, error } = one
  const durationMs = performance.now() - one.startedAt
  metrics.ended({ dialect: dialect ?? 'other', status, durationMs })
  if (scored !== undefined) metrics.scored(scored)
  const last = lastPart(path)
  const route = RERANK.test(path) ? 'rerank' : last === '/models' || last === '/info' ? last.slice(1) : 'other'
  log({
    requestId,
    route,
    status,
    durationMs,
    ...(dialect !== undefined && { dialect }),
    ...(documents !== undefined && { documents }),
    ...(scored !== undefined && { waitedMs: scored.waitedMs, outcome: scored.outcome }),
    ...(error !== undefined && { error: error.name }),
  })
}
