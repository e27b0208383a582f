import { anyText, type Check, must, type OptionTable, withDefault } from '../../../base/check.js'
import { invalidArgument, ProviderError } from '../../../base/errors.js'
import { safeCause } from '../../../base/redact.js'
import { type Answer, field, readAnswer } from '../answers.js'
import type { RemoteScorer } from '../engine.js'
import {
  hostedScorer,
  type OwnOptions,
  providerOf,
  readHostedOptions,
  type RerankRequest,
  type Vendor,
  type VendorOptions,
  vendorScorer,
} from '../hosted.js'
import { httpUrl, type ProviderNames, statusError } from '../http.js'

/** The part of a Workers AI binding that is used: `env.AI` in a Worker. */
interface WorkersAiBinding {
  run(model: never, inputs: never, options?: never): PromiseLike<unknown>
}

/** Options of {@link workersAi}: a `binding` in a Worker, or an `accountId` and a key anywhere else. */
export interface WorkersAiOptions extends VendorOptions {
  /** `env.AI` of a Worker. Then `apiKey`, `baseUrl`, `headers` and `fetch` have no effect. */
  readonly binding?: WorkersAiBinding | undefined
  /** The account, for requests over HTTP. The key comes from `CLOUDFLARE_API_TOKEN`. */
  readonly accountId?: string | undefined
  /** Default `'@cf/baai/bge-reranker-base'`. */
  readonly model?: string | undefined
}

/** https://developers.cloudflare.com/workers-ai/models/bge-reranker-base/ */
interface WorkersAiRequest {
  readonly query: string
  readonly contexts: readonly { readonly text: string }[]
  /** All of them: the answer must have a score for every text. */
  readonly top_k: number
}

const segment: Check<string> = must(
  (value) => typeof value === 'string' && /^\w+$/.test(value),
  'pass its id, as it stands in the dashboard',
)

const table = {
  binding: must<WorkersAiBinding>(
    (value) => typeof (value as Partial<WorkersAiBinding> | null)?.run === 'function',
    'pass env.AI of a Worker',
  ),
  accountId: segment,
  model: withDefault(anyText, '@cf/baai/bge-reranker-base'),
  baseUrl: withDefault(httpUrl, 'https://api.cloudflare.com/client/v4'),
} satisfies OptionTable<OwnOptions<WorkersAiOptions>>

/**
 * The rerankers of Cloudflare Workers AI, through the binding of a Worker or over HTTP. Scores lie in 0..1. The service says
 * nothing of what it bills.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option, and unless exactly one of `binding` and `accountId` is given.
 */
export function workersAi(options: WorkersAiOptions): RemoteScorer<'pair'> {
  const settings = readHostedOptions(table, options)
  const { binding, accountId, model, baseUrl } = settings
  if ((binding === undefined) === (accountId === undefined)) {
    throw invalidArgument('binding', binding, 'pass either binding (env.AI of a Worker) or accountId')
  }
  const vendor: Vendor<'pair'> = {
    name: 'workers-ai',
    model,
    scope: 'pair',
    docs: 'https://developers.cloudflare.com/workers-ai/models/bge-reranker-base/',
    keyVariables: ['CLOUDFLARE_API_TOKEN'],
    path: `/accounts/${accountId ?? 'binding'}/ai/run/${model}`,
    // The service states no limit; a hundred texts are what such a model reads in about a second.
    limits: { maxTexts: 100 },
    body: ({ query, texts }): WorkersAiRequest => ({
      query,
      contexts: texts.map((text) => ({ text })),
      top_k: texts.length,
    }),
    answer: answerOf,
  }
  if (binding === undefined) return vendorScorer(vendor, { ...settings, baseUrl })
  const provider = providerOf(vendor, `binding://workers-ai${vendor.path}`, settings)
  const { names } = provider
  return hostedScorer({ ...provider, exchange: throughBinding(binding, vendor, names) }, settings)
}

/** Over HTTP the answer lies in an envelope; rows are named by `id`. */
function answerOf(body: unknown): Answer {
  const rows = field(body, 'result', 'response') ?? field(body, 'response')
  return {
    rows: Array.isArray(rows)
      ? rows.map((row: unknown) => ({ index: field(row, 'id'), score: field(row, 'score') }))
      : rows,
    scoreKey: 'score',
  }
}

type Through = (request: RerankRequest, url: string, signal: AbortSignal) => Promise<Answer>

function throughBinding(binding: WorkersAiBinding, vendor: Vendor<'pair'>, names: ProviderNames): Through {
  return async (request, _url, signal) => {
    const host = 'the binding'
    let answer: unknown
    try {
      answer = await binding.run(vendor.model as never, vendor.body(request) as never, { signal } as never)
    } catch (error) {
      throw bindingError(error, names, host)
    }
    return readAnswer(answer, answerOf, { names, host })
  }
}

/** What a binding throws has a code of its own, as a property or in the message: 3040 is a lack of capacity, which passes. */
function bindingError(error: unknown, names: ProviderNames, host: string): ProviderError {
  const { code: given, message: said } = (error ?? {}) as { code?: unknown; message?: unknown }
  const message = typeof said === 'string' ? said : ''
  const codes = [String(given), ...[...message.matchAll(/\b(\d{4})\s*:/g)].map(([, code = '']) => code)]
  const code = codes.find((one) => Object.hasOwn(STATUS_OF, one))
  if (code !== undefined) {
    return statusError(names, { status: STATUS_OF[code] as number, host, providerMessage: message.slice(0, 300) })
  }
  const what = `The binding of Workers AI failed${message === '' ? '' : ` (${JSON.stringify(message.slice(0, 300))})`}`
  return new ProviderError(`${what}: check the model, and that the Worker may use AI.`, {
    provider: names.provider,
    retryable: false,
    cause: safeCause(error, []),
  })
}

/** https://developers.cloudflare.com/workers-ai/platform/errors/ */
const STATUS_OF: Readonly<Record<string, number>> = {
  '3006': 413,
  '3007': 408,
  '3008': 408,
  '3036': 429,
  '3040': 429,
  '3042': 404,
  '5007': 400,
  '5018': 403,
}
