import { invalidArgument, ProviderError, RerankError } from '../../base/errors.js'
import {
  type Dialect,
  huggingface,
  infinity,
  llamacpp,
  nim,
  routerOrigin,
  routerUrl,
  type ScoreType,
  type ServerSettings,
  tei,
  vllm,
  vllmScore,
} from './dialects.js'
import { exchangeJson, type Transport } from './http.js'
import {
  checkHostedOptions,
  checkNumber,
  checkUrl,
  type HostedOptions,
  keyFix,
  optionalKeyFrom,
  urlBelow,
} from './options.js'
import { type HostedScorer, hostedScorer, type Provider } from './scorer.js'
import { bearer, transportOf } from './vendor.js'

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
  readonly url?: string
  /**
   * Instead of `url`: several servers with the same model and settings. They share the load; one that fails is left alone
   * for `coolDownMs`, and its requests go to the others.
   */
  readonly urls?: readonly string[]
  /** The model, as the server names it. Also a part of the scorer's id: name it when scores are cached. */
  readonly model?: string
  /**
   * Whether the server cuts texts that are too long (`true`, the default) or refuses them. No effect for `'infinity'`,
   * `'llamacpp'` and `'huggingface'`, which cannot be told.
   */
  readonly truncate?: boolean
  /** How long a server that failed is left alone, in milliseconds, from 0. Default 10000. */
  readonly coolDownMs?: number
}

/**
 * Options of {@link server}. `scoreType` says what the scores are, since nothing is guessed from their values. `'tei'`,
 * `'vllm'`, `'vllm-score'` and `'infinity'` are asked for that type (default `'probability'`). For `'llamacpp'` and
 * `'huggingface'` it depends on the model, so it must be said. `'nim'` always gives logits.
 */
export type ServerOptions = CommonServerOptions &
  (
    | { readonly dialect: 'tei' | 'vllm' | 'vllm-score' | 'infinity'; readonly scoreType?: ScoreType }
    | { readonly dialect: 'llamacpp' | 'huggingface'; readonly scoreType: ScoreType }
    | { readonly dialect: 'nim'; readonly scoreType?: 'logit' }
  )

const ownOptions = ['url', 'urls', 'model', 'truncate', 'coolDownMs', 'dialect', 'scoreType']

/**
 * A reranker on a server of your own, or several. With logits the scorer has `toProbability`, the sigmoid. The report has
 * `tokens` when the server counts them. A key is sent when `apiKey` is set; from the environment only `HF_TOKEN`, and only
 * to the router of Hugging Face.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function server(options: ServerOptions): HostedScorer<'pair'> {
  checkHostedOptions(options, ownOptions)
  checkNumber('coolDownMs', options.coolDownMs, 0)
  const dialect = dialectOf(options.dialect)
  const settings = settingsOf(dialect, options)
  const urls = urlsOf(options)
  const variables = urls.every((url) => new URL(url).origin === routerOrigin) ? ['HF_TOKEN'] : []
  const key = optionalKeyFrom(options, variables)
  const fixes = dialect.fixes && { fixes: dialect.fixes }
  const names = { provider: options.dialect, keyFix: keyFix(variables), docs: dialect.docs, ...fixes }
  const transport = transportOf(names, options, { auth: bearer(key), key })
  const { scoreType } = settings
  return hostedScorer(
    {
      id: serverId(options, settings, urls),
      scope: 'pair',
      names,
      urls,
      ...(options.coolDownMs !== undefined && { coolDownMs: options.coolDownMs }),
      ...(scoreType === 'logit' && { toProbability: (score: number) => 1 / (1 + Math.exp(-score)) }),
      limits: limitsOf(dialect, transport, options.maxTexts),
      exchange: async (request, url, signal) => {
        const body = dialect.body(request, settings)
        return dialect.answer(await exchangeJson(transport, { url: urlBelow(url, dialect.path(url)), body, signal }))
      },
    },
    options,
  )
}

function dialectOf(name: unknown): Dialect {
  if (typeof name === 'string' && Object.hasOwn(dialects, name)) return dialects[name as ServerDialect]
  throw invalidArgument('dialect', name, `pass one of ${Object.keys(dialects).join(', ')}`)
}

function settingsOf(
  dialect: Dialect,
  { dialect: name, model, scoreType, truncate = true }: ServerOptions,
): ServerSettings {
  if (scoreType !== undefined && scoreType !== 'probability' && scoreType !== 'logit') {
    throw invalidArgument('scoreType', scoreType, "pass 'probability' or 'logit'")
  }
  if (dialect.scores === 'caller' && scoreType === undefined) {
    throw invalidArgument('scoreType', scoreType, `with ${name} it depends on the model; pass 'probability' or 'logit'`)
  }
  if (dialect.scores === 'logit' && scoreType === 'probability') {
    throw invalidArgument('scoreType', scoreType, `${name} always gives logits; leave it out`)
  }
  if (dialect.needsModel && model === undefined) {
    throw invalidArgument('model', model, `${name} needs the name of its model in every request`)
  }
  return { model, truncate, scoreType: scoreType ?? (dialect.scores === 'logit' ? 'logit' : 'probability') }
}

function urlsOf({ url, urls, dialect, model }: ServerOptions): readonly string[] {
  if (url !== undefined && urls !== undefined) throw invalidArgument('urls', urls, 'pass either url or urls')
  if (urls !== undefined && (!Array.isArray(urls) || urls.length === 0)) {
    throw invalidArgument('urls', urls, 'pass an array with at least one URL')
  }
  const given = urls ?? (url === undefined ? undefined : [url])
  if (given !== undefined) return [...new Set(given.map((one, at) => checkUrl(urls ? `urls[${at}]` : 'url', one)))]
  if (dialect === 'huggingface' && model !== undefined) return [checkUrl('url', routerUrl(model))]
  const fix = dialect === 'huggingface' ? 'url, or model for the router of Hugging Face' : 'url or urls'
  throw new RerankError('invalid-argument', `There is no server to ask: pass ${fix}.`)
}

/** Everything that changes the numbers, and whose numbers they are. */
function serverId(
  { dialect }: ServerOptions,
  { model, scoreType, truncate }: ServerSettings,
  urls: readonly string[],
): string {
  const hosts = urls.map((url) => new URL(url).host).sort()
  const parts = [dialect, model ?? 'unnamed', scoreType, ...(truncate ? [] : ['untruncated'])]
  return `${parts.join(':')}@${hosts.join('+')}`
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
