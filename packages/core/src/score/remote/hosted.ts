import { checkStillWanted, type Fetch, usualFetch } from '../../base/call.js'
import {
  atLeast,
  callable,
  timeSource,
  type OptionsOf,
  type OptionTable,
  readOptions,
  sentence,
  timeSpan,
  whole,
  withDefault,
} from '../../base/check.js'
import { type Clock, systemClock, Pacer } from '../../base/clock.js'
import { noInstruction, ProviderError, RerankError } from '../../base/errors.js'
import { hostOf, instructionParts, placeName, urlBelow } from '../../base/identity.js'
import { type QueueOptions, queueOptions } from '../../base/schedule.js'
import { estimateTokens } from '../../base/words.js'
import type { Milliseconds, Scope, TextNote } from '../../types.js'
import { type RemoteScorer, remoteScorer, type Work } from './engine.js'
import { type Answer, countBill, type Prices, readAnswer, readScores } from './answers.js'
import { exchangeJson, headerValue, headerValues, type ProviderNames, secretsOf, type Transport } from './http.js'

/** Options that all hosted and self-hosted scorers share. */
export interface HostedOptions extends QueueOptions {
  /**
   * The key. Default: the environment variable named at the scorer. An empty string sends none, for a proxy that adds its
   * own. It goes to the host of the base URL only and stands in no error, id or report.
   */
  readonly apiKey?: string | undefined
  /**
   * What counts as relevant, in words, for rerankers that take an instruction; all others refuse it. A call may have its own.
   * Default: none.
   */
  readonly instruction?: string | undefined
  /** Further headers of every request, for a gateway; their values are kept out of errors like the key. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Texts per request, 1 or more. Default: the limit of the provider. More texts are split over several requests. */
  readonly maxTexts?: number | undefined
  /** Requests of this scorer under way at a time, over all calls; 1 or more. Default 4. */
  readonly concurrency?: number | undefined
  /** Longest wait for one answer in milliseconds, more than 0, before the attempt counts as failed. Default 30000. */
  readonly timeoutMs?: Milliseconds | undefined
  /** Further attempts after 408, 429, 5xx, a timeout or a network fault, from 0. Default 2; with `urls`, at least one each. */
  readonly maxRetries?: number | undefined
  /**
   * Longest wait before another attempt in milliseconds, from 0. Default 20000. When the provider asks to wait longer, the
   * call fails at once.
   */
  readonly maxRetryWaitMs?: Milliseconds | undefined
  /** Longest answer in bytes, 1 or more; a longer one is an error. Default 33554432 (32 MiB). */
  readonly maxResponseBytes?: number | undefined
  /**
   * Sends the requests. Default: the `fetch` of the runtime; where `HTTPS_PROXY` or `HTTP_PROXY` is set, which that of
   * Node.js does not look at, the one of the package `undici` if it is installed. `NO_PROXY` is heeded.
   */
  readonly fetch?: Fetch | undefined
  /** Where time comes from, for tests. */
  readonly clock?: Clock | undefined
  /** Numbers from 0 to 1 for the jitter of waits, for tests. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** Options of a vendor's service. */
export interface VendorOptions extends HostedOptions {
  /** Where the service is. Default: the vendor's own address. */
  readonly baseUrl?: string | undefined
}

/** The options that a scorer has besides {@link HostedOptions}. */
export type OwnOptions<Options extends HostedOptions> = Omit<Options, keyof HostedOptions>

const hostedTable = {
  apiKey: headerValue,
  instruction: sentence,
  headers: headerValues,
  maxTexts: whole(1),
  concurrency: withDefault(whole(1), 4),
  ...queueOptions,
  timeoutMs: withDefault(timeSpan, 30_000),
  maxRetries: withDefault(whole(0), 2),
  maxRetryWaitMs: withDefault(atLeast(0), 20_000),
  maxResponseBytes: withDefault(whole(1), 32 * 1024 * 1024),
  fetch: withDefault<Fetch>(callable(), usualFetch),
  clock: withDefault(timeSource, systemClock),
  random: withDefault<() => number>(callable(), () => Math.random()),
} satisfies OptionTable<HostedOptions>

/** The options with their defaults. */
export type HostedSettings = HostedOptions & {
  readonly [K in Exclude<keyof HostedOptions, 'apiKey' | 'instruction' | 'headers' | 'maxTexts'>]-?: NonNullable<
    HostedOptions[K]
  >
}

/**
 * Reads the options of a scorer: its own, as the table says, and the shared ones.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option, or one that does not exist.
 */
export function readHostedOptions<Table extends Readonly<Record<string, unknown>>>(
  own: Table,
  options: HostedOptions,
): OptionsOf<Table> & HostedSettings {
  const table = { ...own, ...hostedTable }
  const unknown = Object.keys(options ?? {}).find((name) => !Object.hasOwn(table, name))
  if (unknown === undefined) return readOptions(table, options) as OptionsOf<Table> & HostedSettings
  // Its value is not shown: a misspelt `apiKey` holds a key.
  const message = `There is no option ${JSON.stringify(unknown)}: use ${Object.keys(table).join(', ')}.`
  throw new RerankError('invalid-argument', message)
}

/**
 * The key: the option, or the first of the environment variables that is set; nothing when an empty string was passed.
 *
 * @throws RerankError `'invalid-argument'` when there is none, or it cannot stand in a header.
 */
export function keyFrom(options: HostedOptions, variables: readonly string[]): string | undefined {
  const hasOwn = Object.keys(options.headers ?? {}).some((name) => /^(authorization|api-key)$/i.test(name))
  if (options.apiKey === '' || hasOwn) return undefined
  const key = optionalKeyFrom(options, variables)
  if (key !== undefined) return key
  throw new RerankError('invalid-argument', `There is no key: ${keyFix(variables)}.`)
}

/** As {@link keyFrom}, for services that may do without. */
export function optionalKeyFrom({ apiKey }: HostedOptions, variables: readonly string[]): string | undefined {
  // Browsers and some edge runtimes have no `process`.
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
  const isSet = (value: string | undefined): boolean => value !== undefined && value.trim() !== ''
  const key = (apiKey ?? variables.map((variable) => process?.env?.[variable]).find(isSet))?.trim()
  if (key !== undefined) headerValue('apiKey', key)
  return key === '' ? undefined : key
}

/** What to do about a missing key. */
export function keyFix(variables: readonly string[]): string {
  return variables.length === 0 ? 'pass apiKey' : `set ${variables.join(' or ')} in the environment, or pass apiKey`
}

/** How a scorer speaks HTTP: with the caller's `fetch`, his headers over ours. */
export function transportOf(
  names: ProviderNames,
  { headers = {}, fetch, clock, maxResponseBytes }: HostedSettings,
  { auth, key }: { auth: Record<string, string>; key: string | undefined },
): Transport {
  const secrets = secretsOf(key, headers)
  return { names: { ...names, secrets }, headers: { ...auth, ...headers }, fetch, clock, maxResponseBytes }
}

export function bearer(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` }
}

export interface RerankRequest {
  readonly query: string
  /** Nothing for a reranker that takes none. */
  readonly instruction?: string | undefined
  readonly texts: readonly string[]
}

/** The servers that can take a request. */
export interface Servers {
  readonly count: number
  /** The way of one request and its further attempts. */
  route(): Route
}

export interface Route {
  /** Whether a server that this request has not tried can take it now. */
  hasOther(): boolean
  through<T>(run: (url: string) => Promise<T>): Promise<T>
}

export function oneServer(url: string): Servers {
  return { count: 1, route: () => ({ hasOther: () => false, through: (run) => run(url) }) }
}

/** What a provider's own file has to say. */
export interface Provider<S extends Scope> {
  readonly id: string
  readonly scope: S
  readonly names: ProviderNames
  /** Several when they serve the same model. */
  readonly servers: Servers
  readonly prices?: Prices | undefined
  /** Present when the scores are logits. */
  readonly toProbability?: (score: number) => number
  /** Whether requests carry an instruction. */
  readonly takesInstruction?: boolean | undefined
  /** How much fits one request; asked before each call. */
  limits(ask: (exchange: Exchange<unknown>) => Promise<unknown>): RequestLimits | Promise<RequestLimits>
  /** Sends one request to one server and reads its answer. */
  exchange(request: RerankRequest, url: string, signal: AbortSignal): Promise<Answer>
}

/** Sends each batch when it is the call's turn, and puts what they bring in the order of the texts. */
async function inTurns(
  batches: readonly Batch[],
  work: Work,
  send: (texts: readonly string[]) => Promise<ReadBatch>,
): Promise<readonly number[]> {
  const scores = new Array<number>(batches.reduce((sum, { texts }) => sum + texts.length, 0))
  const one = async ({ start, texts }: Batch): Promise<void> => {
    const read = await work.inTurn(() => send(texts))
    for (const [at, number] of read.scores.entries()) scores[start + at] = number
    for (const [at, note] of read.notes ?? []) work.call.note(start + at, note)
  }
  await Promise.all(batches.map(one))
  return scores
}

/** What all requests of a call have in common. */
type Asked = Omit<RerankRequest, 'texts'>

function askedOf(query: string, instruction: string | undefined): Asked {
  return { query: sendable(query), ...(instruction !== undefined && { instruction: sendable(instruction) }) }
}

/** What one request brought. */
interface ReadBatch {
  readonly scores: readonly number[]
  readonly notes: ReadonlyMap<number, TextNote> | undefined
}

type Exchange<T> = (url: string, signal: AbortSignal) => Promise<T>

/** Makes a scorer of a provider: splitting, retries, bills, checks and merging are the same for all. */
export function hostedScorer<S extends Scope>(provider: Provider<S>, settings: HostedSettings): RemoteScorer<S> {
  const { id, scope, names, servers, toProbability, takesInstruction = false } = provider
  if (settings.instruction !== undefined && !takesInstruction) throw noInstruction(id, settings.instruction)
  const { concurrency, maxQueued, timeoutMs, clock, maxRetries, maxRetryWaitMs, random } = settings
  const ask = <T>(work: Work, route: Route, exchange: Exchange<T>): Promise<T> =>
    route.through((url) =>
      work.attempt(
        (signal) => exchange(url, signal),
        () => timeoutError(names.provider, url, timeoutMs),
      ),
    )
  const scoreBatch = async (request: RerankRequest, work: Work): Promise<ReadBatch> => {
    const route = servers.route()
    const attempt = (): Promise<Answer> => ask(work, route, (url, signal) => provider.exchange(request, url, signal))
    const hasOther = (): boolean => route.hasOther()
    const retries = Math.max(maxRetries, servers.count - 1)
    const answer = await work.retrying(attempt, { maxRetries: retries, maxRetryWaitMs, random, hasOther })
    // What cannot be used was billed all the same.
    if (answer.bill !== undefined) countBill(work.call, answer.bill, provider.prices)
    return { scores: readScores(answer, request.texts.length, names), notes: answer.notes }
  }
  let maxTexts = settings.maxTexts ?? Infinity
  const prepare = async (query: string, texts: readonly string[], work: Work): Promise<Batch[]> => {
    const limits = await provider.limits((exchange) => ask(work, servers.route(), exchange))
    maxTexts = limits.maxTexts
    const batches = splitTexts(query, await sendableTexts(texts, id, work), limits)
    if (scope === 'pool' && batches.length > 1) throw splitPoolError(id, limits.maxTexts, texts.length)
    return batches
  }
  return remoteScorer({
    id,
    scope,
    clock,
    concurrency,
    maxQueued,
    requests: (texts) => Math.ceil(texts / maxTexts) || 1,
    timeoutMs,
    ...(toProbability && { toProbability }),
    takesInstruction,
    score: async (query, texts, work) => {
      const asked = askedOf(query, work.call.instruction ?? settings.instruction)
      const batches = await work.prepare(() => prepare(Object.values(asked).join(' '), texts, work))
      return inTurns(batches, work, (some) => scoreBatch({ ...asked, texts: some }, work))
    },
  })
}

/**
 * A text as services accept it: several refuse an empty one, and half a surrogate pair is not UTF-8, on which some fail.
 */
function sendable(value: string): string {
  return value === '' ? ' ' : value.replace(/\p{Surrogate}/gu, '\ufffd')
}

async function sendableTexts(texts: readonly string[], id: string, work: Work): Promise<string[]> {
  const pacer = new Pacer(() => checkStillWanted(id, work.call))
  const sent: string[] = []
  for (const text of texts) {
    sent.push(sendable(text))
    await pacer.spend(text.length)
  }
  return sent
}

function timeoutError(provider: string, url: string, timeoutMs: Milliseconds): ProviderError {
  const message = `${provider} at ${hostOf(url)} gave no answer within ${timeoutMs} ms: raise timeoutMs, or lower maxTexts.`
  return new ProviderError(message, { provider, retryable: true })
}

function splitPoolError(id: string, maxTexts: number, texts: number): RerankError {
  const message = `${id} reads all texts together, at most ${maxTexts} a request, and ${texts} were given: split they would have scores that do not compare. Set depth to ${maxTexts} or less.`
  return new RerankError('scorer', message)
}

/** How much one request may hold. */
export interface RequestLimits {
  /** Texts per request. */
  readonly maxTexts: number
  /** Tokens per request, counting the query once for every text; estimated. Missing when the provider sets no bound. */
  readonly maxTokens?: number
  /** Tokens of one query and text that the provider reads at most; the rest is cut off and does not count. */
  readonly maxPairTokens?: number
}

/** A run of texts that goes into one request. */
export interface Batch {
  /** Where its first text stands among all. */
  readonly start: number
  readonly texts: readonly string[]
}

/** Cuts the texts into requests that keep the limits. A text that is too long for any request goes alone. */
export function splitTexts(query: string, texts: readonly string[], limits: RequestLimits): Batch[] {
  const { maxTexts, maxTokens = Infinity, maxPairTokens = Infinity } = limits
  const queryTokens = maxTokens === Infinity ? 0 : estimateTokens(query)
  const batches: { start: number; texts: string[] }[] = []
  let tokens = 0
  for (const [position, text] of texts.entries()) {
    const pairTokens = maxTokens === Infinity ? 0 : Math.min(queryTokens + estimateTokens(text), maxPairTokens)
    const last = batches.at(-1)
    if (last === undefined || last.texts.length >= maxTexts || tokens + pairTokens > maxTokens) {
      batches.push({ start: position, texts: [text] })
      tokens = pairTokens
    } else {
      last.texts.push(text)
      tokens += pairTokens
    }
  }
  return batches
}

/** A vendor's service in terms of its wire format. */
export interface Vendor<S extends Scope> {
  readonly name: string
  readonly model: string
  readonly scope: S
  /** The vendor's page. */
  readonly docs: string
  readonly keyVariables: readonly string[]
  /** Below the base URL. */
  readonly path: string
  readonly limits: RequestLimits
  /** Options that change the numbers, as parts of the id. */
  readonly idParts?: readonly string[]
  readonly prices?: Prices | undefined
  /** Whether its body has the instruction of a request. */
  readonly takesInstruction?: boolean | undefined
  /** The headers that carry the key. Default: `authorization: Bearer …`. */
  headers?(key: string | undefined): Record<string, string>
  body(request: RerankRequest): object
  answer(body: unknown, request: RerankRequest): Answer
}

/** Makes a scorer of a vendor's wire format. */
export function vendorScorer<S extends Scope>(
  vendor: Vendor<S>,
  settings: HostedSettings & { readonly baseUrl: string },
): RemoteScorer<S> {
  const key = keyFrom(settings, vendor.keyVariables)
  const provider = providerOf(vendor, urlBelow(settings.baseUrl, vendor.path), settings)
  const transport = transportOf(provider.names, settings, { auth: (vendor.headers ?? bearer)(key), key })
  const { names } = transport
  const exchange = async (request: RerankRequest, url: string, signal: AbortSignal): Promise<Answer> => {
    const body = await exchangeJson(transport, { url, body: vendor.body(request), signal })
    return readAnswer(body, (read) => vendor.answer(read, request), { names, host: hostOf(url) })
  }
  return hostedScorer({ ...provider, names, exchange }, settings)
}

/** All of a provider but the way in which requests are sent. */
export function providerOf<S extends Scope>(
  { name, model, scope, docs, keyVariables, path, limits, idParts = [], prices, takesInstruction }: Vendor<S>,
  url: string,
  { maxTexts = limits.maxTexts, instruction }: HostedSettings,
): Omit<Provider<S>, 'exchange'> {
  return {
    // Provider, model, options that change the numbers, and place.
    id: `${[name, model, ...idParts, ...instructionParts(instruction)].join(':')}@${placeName(url, path)}`,
    scope,
    names: { provider: name, keyFix: keyFix(keyVariables), docs },
    servers: oneServer(url),
    prices,
    takesInstruction,
    limits: () => ({ ...limits, maxTexts }),
  }
}
