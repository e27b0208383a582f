import {
  atLeast,
  type Check,
  flag,
  must,
  oneOf,
  type OptionTable,
  required,
  anyText,
  withDefault,
} from '../../base/check.js'
import { hostOf, instructionParts, placeName, urlBelow } from '../../base/identity.js'
import { invalidArgument, ProviderError, RerankError } from '../../base/errors.js'
import type { Milliseconds } from '../../types.js'
import {
  type Dialect,
  huggingface,
  infinity,
  llamacpp,
  nim,
  routerOrigin,
  routerUrl,
  type ServerSettings,
  tei,
  vllm,
  vllmScore,
} from './dialects.js'
import { Endpoints } from './endpoints.js'
import type { RemoteScorer } from './engine.js'
import {
  bearer,
  type HostedOptions,
  hostedScorer,
  keyFix,
  optionalKeyFrom,
  type OwnOptions,
  type Provider,
  readHostedOptions,
  transportOf,
} from './hosted.js'
import { readAnswer, sigmoid } from './answers.js'
import { exchangeJson, httpUrl, type Transport } from './http.js'

/** The kinds of server that {@link server} can speak to. */
export type ServerDialect = 'tei' | 'vllm' | 'vllm-score' | 'infinity' | 'llamacpp' | 'nim' | 'huggingface'

const dialects: Readonly<Record<ServerDialect, Dialect>> = {
  tei,
  vllm,
  'vllm-score': vllmScore,
  infinity,
  llamacpp,
  nim,
  huggingface,
}

interface CommonServerOptions extends HostedOptions {
  /** Where the server is, for example `'http://127.0.0.1:8080'`. May be left out for `'huggingface'`. */
  readonly url?: string | undefined
  /**
   * Instead of `url`: several servers with the same model and settings. They share the load; one that fails is left alone
   * for `coolDownMs`, and its requests go to the others.
   */
  readonly urls?: readonly string[] | undefined
  /** The model, as the server names it. Also a part of the scorer's id: name it when scores are cached. */
  readonly model?: string | undefined
  /**
   * Whether the server cuts texts that are too long (`true`, the default) or refuses them. No effect for `'infinity'`,
   * `'llamacpp'` and `'huggingface'`, which cannot be told.
   */
  readonly truncate?: boolean | undefined
  /** How long a server that failed is left alone, in milliseconds, from 0. Default 10000. */
  readonly coolDownMs?: Milliseconds | undefined
}

/**
 * Options of {@link server}. `scoreType` says what the scores are, since nothing is guessed from their values. `'tei'`,
 * `'vllm'`, `'vllm-score'` and `'infinity'` are asked for that type (default `'probability'`). For `'llamacpp'` and
 * `'huggingface'` it depends on the model, so it must be said. `'nim'` always gives logits.
 */
export type ServerOptions = CommonServerOptions &
  (
    | {
        readonly dialect: 'tei' | 'vllm' | 'vllm-score' | 'infinity'
        readonly scoreType?: 'probability' | 'logit' | undefined
      }
    | { readonly dialect: 'llamacpp' | 'huggingface'; readonly scoreType: 'probability' | 'logit' }
    | { readonly dialect: 'nim'; readonly scoreType?: 'logit' | undefined }
  )

const isDialect = (value: unknown): boolean => typeof value === 'string' && Object.hasOwn(dialects, value)

const httpUrls: Check<readonly string[]> = (name, urls) => {
  if (!Array.isArray(urls) || urls.length === 0)
    throw invalidArgument(name, urls, 'pass an array with at least one URL')
  for (const [at, url] of urls.entries()) httpUrl(`${name}[${at}]`, url)
}

interface ServerTable extends OwnOptions<CommonServerOptions> {
  readonly dialect: ServerDialect
  readonly scoreType: 'probability' | 'logit'
}

const table = {
  url: httpUrl,
  urls: httpUrls,
  model: anyText,
  truncate: withDefault(flag, true),
  coolDownMs: withDefault(atLeast(0), 10_000),
  dialect: required(must<ServerDialect>(isDialect, `pass one of ${Object.keys(dialects).join(', ')}`)),
  scoreType: oneOf('probability', 'logit'),
} satisfies OptionTable<ServerTable>

type Settings = ReturnType<typeof settingsOf>
const settingsOf = (options: ServerOptions) => readHostedOptions(table, options)

/**
 * A reranker on a server of your own, or several. With logits the scorer has `toProbability`, the sigmoid. The report has
 * `tokens` when the server counts them. A key is sent when `apiKey` is set; from the environment only `HF_TOKEN`, and only
 * to the router of Hugging Face.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function server(options: ServerOptions): RemoteScorer<'pair'> {
  const settings = settingsOf(options)
  const dialect = dialects[settings.dialect]
  const wanted = { ...settings, scoreType: scoreTypeOf(dialect, settings) }
  const urls = urlsOf(settings)
  const variables = urls.every((url) => new URL(url).origin === routerOrigin) ? ['HF_TOKEN'] : []
  const key = optionalKeyFrom(options, variables)
  const { docs, fixes } = dialect
  const names = { provider: settings.dialect, keyFix: keyFix(variables), docs, ...(fixes && { fixes }) }
  const transport = transportOf(names, settings, { auth: bearer(key), key })
  return hostedScorer(
    {
      id: serverId(settings.dialect, wanted, urls),
      scope: 'pair',
      names: transport.names,
      servers: new Endpoints(urls, settings.clock, settings.coolDownMs),
      ...(wanted.scoreType === 'logit' && { toProbability: sigmoid }),
      takesInstruction: dialect.takesInstruction,
      limits: limitsOf(dialect, transport, settings.maxTexts),
      exchange: async (request, url, signal) => {
        const body = dialect.body(request, wanted)
        const answer = await exchangeJson(transport, { url: urlBelow(url, dialect.path(url)), body, signal })
        return readAnswer(answer, dialect.answer, { names: transport.names, host: hostOf(url) })
      },
    },
    settings,
  )
}

function scoreTypeOf(
  { scores, needsModel }: Dialect,
  { dialect, model, scoreType }: Settings,
): 'probability' | 'logit' {
  if (scores === 'caller' && scoreType === undefined) {
    const fix = `with ${dialect} it depends on the model; pass 'probability' or 'logit'`
    throw invalidArgument('scoreType', scoreType, fix)
  }
  if (scores === 'logit' && scoreType === 'probability') {
    throw invalidArgument('scoreType', scoreType, `${dialect} always gives logits; leave it out`)
  }
  if (needsModel && model === undefined) {
    throw invalidArgument('model', model, `${dialect} needs the name of its model in every request`)
  }
  return scoreType ?? (scores === 'logit' ? 'logit' : 'probability')
}

function urlsOf({ url, urls, dialect, model }: Settings): readonly string[] {
  if (url !== undefined && urls !== undefined) throw invalidArgument('urls', urls, 'pass either url or urls')
  const given = urls ?? (url === undefined ? undefined : [url])
  if (given !== undefined) return [...new Set(given.map((one) => new URL(one).href))]
  if (dialect === 'huggingface' && model !== undefined) return [routerUrl(model)]
  const fix = dialect === 'huggingface' ? 'url, or model for the router of Hugging Face' : 'url or urls'
  throw new RerankError('invalid-argument', `There is no server to ask: pass ${fix}.`)
}

/** Everything that changes the numbers, and whose numbers they are. */
function serverId(
  dialect: ServerDialect,
  { model, scoreType, truncate, instruction }: ServerSettings & Pick<HostedOptions, 'instruction'>,
  urls: readonly string[],
): string {
  const pathOf = (url: string): string => dialects[dialect].path(url)
  // The router has the model in its path, and the id has it as well.
  const ofRouter = dialect === 'huggingface' && model !== undefined ? new URL(routerUrl(model)).pathname : ''
  const places = urls.map((url) => placeName(urlBelow(url, pathOf(url)), pathOf(url) || ofRouter)).sort()
  const untruncated = truncate ? [] : ['untruncated']
  const parts = [dialect, model ?? 'unnamed', scoreType, ...untruncated, ...instructionParts(instruction)]
  return `${parts.join(':')}@${places.join('+')}`
}

/** The number of texts a request may hold: the caller's, the server's own, or that of the dialect. */
function limitsOf(
  { info, maxTexts }: Dialect,
  transport: Transport,
  own: number | undefined,
): Provider<'pair'>['limits'] {
  let known = own ?? (info === undefined ? maxTexts : undefined)
  return async (ask) => {
    if (known !== undefined) return { maxTexts: known }
    try {
      const said = info?.maxTexts(
        await ask((url, signal) => exchangeJson(transport, { url: urlBelow(url, info.path), signal })),
      )
      known = typeof said === 'number' && said >= 1 ? Math.floor(said) : maxTexts
    } catch (error) {
      if (!ProviderError.is(error)) throw error
      // A server without such a page will have none later; one that is down may be back.
      if (!error.retryable) known = maxTexts
    }
    return { maxTexts: known ?? maxTexts }
  }
}
