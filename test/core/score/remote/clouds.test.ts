import { createHash, createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import type { Fetch } from '../../../../packages/core/src/base/call.ts'
import { bedrock } from '../../../../packages/core/src/score/remote/vendors/bedrock.ts'
import { cohere } from '../../../../packages/core/src/score/remote/vendors/cohere.ts'
import { vertex } from '../../../../packages/core/src/score/remote/vendors/vertex.ts'
import { voyage } from '../../../../packages/core/src/score/remote/vendors/voyage.ts'
import { watsonx } from '../../../../packages/core/src/score/remote/vendors/watsonx.ts'
import { workersAi, type WorkersAiOptions } from '../../../../packages/core/src/score/remote/vendors/workers-ai.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { scorerContract } from '../../../contract/scorer-contract.ts'
import { apiKey } from './cases.ts'
import { bedrockWire } from './cloud-wires.ts'
import { cohereWire, probabilityOf, speaking } from './dialects.ts'
import { impatientClock } from './impatient-clock.ts'
import { type Seen, stubServer } from './stub-server.ts'

const keys = {
  accessKeyId: 'AKIAINVENTED00000000',
  secretAccessKey: 'invented/secret/key',
  sessionToken: 'invented-session',
}

describe('a request to Bedrock that is signed', () => {
  /** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, step by step. */
  function signatureOf(url: URL, headers: Record<string, string>, body: string, secret: string): string {
    const [, scope = '', names = ''] =
      /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+)/.exec(headers['authorization'] ?? '') ?? []
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
    const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
    const all: Record<string, string> = { ...headers, host: url.host }
    const lines = names.split(';').map((name) => `${name}:${all[name]}\n`)
    const canonical = ['POST', url.pathname, '', lines.join(''), names, sha256(body)].join('\n')
    const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n')
    const key = scope.split('/').reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${secret}`)
    return hmac(key, toSign).toString('hex')
  }

  const asked = async (
    options: object,
  ): Promise<{ url: string; init: RequestInit; headers: Record<string, string> }> => {
    let seen: { url: string; init: RequestInit } | undefined
    const fetch: Fetch = async (url, init) => {
      seen = { url, init }
      return Response.json({ results: [{ index: 0, relevanceScore: 0.5 }] })
    }
    await bedrock({ region: 'us-west-2', fetch, ...options }).score('a question with é', ['a text with 灯'], callOf())
    const { url, init } = seen as { url: string; init: RequestInit }
    return { url, init, headers: init.headers as Record<string, string> }
  }

  it('carries the signature that AWS describes, for the body that is sent', async () => {
    const { url, init, headers } = await asked({ credentials: keys })
    expect(url).toBe('https://bedrock-agent-runtime.us-west-2.amazonaws.com/rerank')
    expect(headers['authorization']).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIAINVENTED00000000\/\d{8}\/us-west-2\/bedrock\/aws4_request, SignedHeaders=/,
    )
    expect(headers['x-amz-security-token']).toBe('invented-session')
    const [, signature] = /Signature=([0-9a-f]{64})$/.exec(headers['authorization'] ?? '') ?? []
    expect(signature).toBe(signatureOf(new URL(url), headers, init.body as string, keys.secretAccessKey))
  })

  it('has its keys from a function, from the environment, or a bearer token instead', async () => {
    expect((await asked({ credentials: async () => keys })).headers['authorization']).toContain('AKIAINVENTED00000000')
    process.env['AWS_ACCESS_KEY_ID'] = 'AKIAENVIRONMENT'
    process.env['AWS_SECRET_ACCESS_KEY'] = 'another/secret'
    expect((await asked({})).headers['authorization']).toContain('AKIAENVIRONMENT')
    process.env['AWS_BEARER_TOKEN_BEDROCK'] = 'a-key-of-bedrock'
    expect((await asked({})).headers['authorization']).toBe('Bearer a-key-of-bedrock')
    expect((await asked({ apiKey: '' })).headers['authorization']).toBeUndefined()
  })

  it('takes its region from the environment, and a model of one’s own by its ARN', async () => {
    process.env['AWS_REGION'] = 'eu-central-1'
    const model = 'arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/mine'
    const { url, init } = await asked({ region: undefined, model, credentials: keys })
    expect(url).toContain('.eu-central-1.')
    expect(init.body).toContain(`"modelArn":"${model}"`)
  })

  it('shows no key in an error', async () => {
    const fetch: Fetch = async (_url, { headers }) =>
      Response.json({ message: JSON.stringify(headers) }, { status: 403 })
    const scorer = bedrock({ region: 'us-west-2', credentials: keys, fetch })
    const error: unknown = await scorer.score('q', ['a'], callOf()).catch((thrown: unknown) => thrown)
    const logged = inspect(error, { depth: 20, showHidden: true })
    expect(error).toMatchObject({ status: 403, providerMessage: expect.any(String) })
    for (const secret of Object.values(keys)) expect(logged).not.toContain(secret)
    expect(logged).not.toMatch(/Signature=[0-9a-f]{64}/)
  })

  it('sends 32,000 characters of a text, and says that it was cut', async () => {
    await using stub = await stubServer(speaking(bedrockWire))
    const scorer = bedrock({ region: 'us-west-2', credentials: keys, baseUrl: stub.url })
    const call = callOf()
    await scorer.score('q', ['short', `${'x'.repeat(31_999)}🔋 and more`], call)
    const { sources } = (stub.seen[0] as Seen).body as {
      sources: { inlineDocumentSource: { textDocument: { text: string } } }[]
    }
    expect(sources[1]?.inlineDocumentSource.textDocument.text).toBe('x'.repeat(31_999))
    expect([...call.notes]).toEqual([[1, { truncated: true }]])
  })

  it.each<[object, RegExp]>([
    [{}, /^There is no region: set AWS_REGION in the environment, or pass region\.$/],
    [{ region: 'moon' }, /^region is "moon": pass the region of AWS, for example 'us-west-2'/],
    [{ region: 'us-west-2' }, /^There are no keys of AWS: set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID/],
    [{ region: 'us-west-2', credentials: { accessKeyId: 'x' } }, /^credentials is not shown, it may hold a secret/],
  ])('is refused with %j', (options, message) => {
    expect(() => bedrock(options)).toThrow(message)
  })

  it('is refused when the function that fetches keys gives none; one that fails may be tried again', async () => {
    const clock = impatientClock()
    const empty = bedrock({ region: 'us-west-2', credentials: (() => ({})) as never, clock })
    await expect(empty.score('q', ['a'], callOf())).rejects.toMatchObject({ code: 'invalid-argument' })
    const failing = bedrock({ region: 'us-west-2', credentials: () => Promise.reject(new Error('expired')), clock })
    await expect(failing.score('q', ['a'], callOf())).rejects.toMatchObject({ name: 'ProviderError', retryable: true })
  })

  afterEach(() => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_BEARER_TOKEN_BEDROCK', 'AWS_REGION']) {
      delete process.env[name]
    }
  })
})

describe('an access token', () => {
  const records: Fetch = async () => Response.json({ records: [{ id: '0', score: 0.5 }] })

  it('is fetched before each attempt, so that one that ran out is replaced', async () => {
    const sent: string[] = []
    let fetched = 0
    const fetch: Fetch = async (url, init) => {
      sent.push((init.headers as Record<string, string>)['authorization'] as string)
      return sent.length === 1 ? Response.json({}, { status: 503 }) : records(url, init)
    }
    const accessToken = async (): Promise<string> => `token-${++fetched}`
    await vertex({ project: 'p', accessToken, fetch, clock: impatientClock() }).score('q', ['a'], callOf())
    expect(sent).toEqual(['Bearer token-1', 'Bearer token-2'])
  })

  it('that cannot be had is an error that may pass, and is not sent for', async () => {
    const asked: string[] = []
    const fetch: Fetch = (url, init) => (asked.push(url), records(url, init))
    const accessToken = (): Promise<string> => Promise.reject(new Error('no credentials'))
    const scorer = vertex({ project: 'p', accessToken, fetch, clock: impatientClock() })
    await expect(scorer.score('q', ['a'], callOf())).rejects.toMatchObject({ name: 'ProviderError', retryable: true })
    expect(asked).toEqual([])
  })

  it.each<[() => unknown, RegExp]>([
    [
      () => vertex({ project: 'p' } as never),
      /^accessToken is no token: pass a string, or a function that fetches one/,
    ],
    [() => vertex({ project: 'p', accessToken: ' ' }), /^accessToken is no token/],
    [() => vertex({ project: 'p', accessToken: 'a\nb' }), /^accessToken cannot be sent \(its value is not shown/],
    [() => vertex({ project: 'p/../x', accessToken: 't' }), /^project is "p\/\.\.\/x": pass its id/],
    [
      () => vertex({ project: 'p', accessToken: 't', apiKey } as never),
      /^apiKey is not shown, .*: pass accessToken instead/,
    ],
    [() => watsonx({ accessToken: 't', projectId: 'p' } as never), /^baseUrl is no http or https URL/],
    [
      () => watsonx({ baseUrl: 'https://a.example', accessToken: 't' }),
      /^projectId is undefined: pass either projectId or/,
    ],
    [
      () => watsonx({ baseUrl: 'https://a.example', accessToken: 't', projectId: 'p', spaceId: 's' }),
      /^projectId is "p": pass either projectId or spaceId/,
    ],
  ])('and what goes with it is checked (%#)', (make, message) => {
    expect(make).toThrow(message)
  })

  it('of the wrong kind is refused when it comes', async () => {
    const scorer = vertex({ project: 'p', accessToken: (async () => null) as never, fetch: records })
    await expect(scorer.score('q', ['a'], callOf())).rejects.toThrow(/^accessToken\(\) is "object": return the token/)
  })
})

describe('the binding of Workers AI', () => {
  /** `env.AI` of a Worker. */
  const binding = {
    async run(_model: string, { query, contexts }: { query: string; contexts: { text: string }[] }) {
      return { response: contexts.map(({ text }, id) => ({ id, score: probabilityOf(query, text) })) }
    },
  } as NonNullable<WorkersAiOptions['binding']>

  scorerContract('workers-ai through a binding', () => workersAi({ binding }))

  it.each([
    ['3040: Capacity temporarily exceeded, please try again.', 429, true],
    ['InferenceUpstreamError: 5007: No such model', 400, false],
    ['something else', undefined, false],
  ])('that fails with %j is an error of its kind', async (message, status, retryable) => {
    let asked = 0
    const failing = { run: () => ((asked += 1), Promise.reject(new Error(message))) }
    const scorer = workersAi({ binding: failing, clock: impatientClock() })
    await expect(scorer.score('q', ['a'], callOf())).rejects.toMatchObject({ name: 'ProviderError', status, retryable })
    expect(asked).toBe(retryable ? 3 : 1)
  })

  it('is given the signal, and an abort ends the call with its reason', async () => {
    let given: AbortSignal | undefined
    const hanging = {
      run: (_model: string, _inputs: object, options: { signal: AbortSignal }) => {
        given = options.signal
        return new Promise(() => {})
      },
    }
    const controller = new AbortController()
    const scorer = workersAi({ binding: hanging as unknown as NonNullable<WorkersAiOptions['binding']> })
    const call = scorer.score('q', ['a'], callOf({ signal: controller.signal }))
    await expect.poll(() => given).toBeDefined()
    const reason = new Error('gone')
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
    expect(given?.aborted).toBe(true)
  })

  it.each<[object, RegExp]>([
    [{}, /^binding is undefined: pass either binding \(env\.AI of a Worker\) or accountId/],
    [{ binding, accountId: 'a' }, /^binding is an object .*: pass either/],
    [{ binding: {} }, /^binding is an object .*: pass env\.AI of a Worker/],
    [{ accountId: '../x' }, /^accountId is "\.\.\/x": pass its id/],
    [{ accountId: 'a' }, /set CLOUDFLARE_API_TOKEN in the environment, or pass apiKey/],
  ])('is refused with %j', (options, message) => {
    expect(() => workersAi(options)).toThrow(message)
  })
})

describe('Cohere’s relevant spans', () => {
  it('are counted in code points by the service, and in code units in results', async () => {
    const spans = [
      { start: 2, end: 5, score: 0.9 },
      { start: 0, end: 1, score: 0.2 },
    ]
    const fetch: Fetch = async () =>
      Response.json({
        results: [
          { index: 1, relevance_score: 0.9, relevant_spans: spans },
          { index: 0, relevance_score: 0.1 },
          { index: 2, relevance_score: 0.05, relevant_spans: [] },
        ],
      })
    const call = callOf()
    const text = '🔋🔋abc🔋'
    await cohere({ apiKey, fetch, relevantSpans: true }).score('q', ['x', text, 'y'], call)
    expect([...call.notes]).toEqual([[1, { bestSpan: { start: 4, end: 7 } }]])
    expect(text.slice(4, 7)).toBe('abc')
  })

  it('are asked for only when they are wanted, and not through a client that cannot carry them', async () => {
    await using stub = await stubServer(speaking(cohereWire))
    const call = callOf()
    await cohere({ apiKey, baseUrl: stub.url }).score('q', ['a'], call)
    expect(stub.seen[0]?.body).not.toHaveProperty('relevant_spans')
    expect(call.notes.size).toBe(0)
    const client = { rerank: async () => ({}) }
    expect(() => cohere({ client, relevantSpans: true })).toThrow(/^relevantSpans is true: leave out client/)
  })
})

describe('what Cohere billed', () => {
  it.each([
    [{ input_tokens: 120 }, { billedTokens: 120, cost: 6 }],
    [{ search_units: 3 }, { searchUnits: 3, cost: 6 }],
    [
      { search_units: 0, input_tokens: 120 },
      { billedTokens: 120, cost: 6 },
    ],
    [{ total_tokens: 120 }, { billedTokens: 120, cost: 6 }],
    [{}, {}],
  ])('%j is counted as %j', async (units, stats) => {
    const fetch: Fetch = async () =>
      Response.json({ results: [{ index: 0, relevance_score: 0.5 }], meta: { billed_units: units } })
    const call = callOf()
    const prices = { pricePerMillionTokens: 50_000, pricePerSearchUnit: 2 }
    await cohere({ apiKey, fetch, ...prices }).score('q', ['a'], call)
    expect(call.stats).toEqual({ requests: 1, ...stats })
  })
})

describe('a key of Voyage', () => {
  const urlFor = async (key: string, baseUrl?: string): Promise<string> => {
    let seen = ''
    const fetch: Fetch = async (url) => {
      seen = url
      return Response.json({ data: [{ index: 0, relevance_score: 1 }] })
    }
    await voyage({ apiKey: key, fetch, ...(baseUrl && { baseUrl }) }).score('q', ['a'], callOf())
    return seen
  }

  it('goes to the house that gave it, unless another address is named', async () => {
    expect(await urlFor('pa-invented')).toBe('https://api.voyageai.com/v1/rerank')
    expect(await urlFor('al-invented')).toBe('https://ai.mongodb.com/v1/rerank')
    expect(await urlFor('al-invented', 'https://proxy.example/v1')).toBe('https://proxy.example/v1/rerank')
  })

  it.each([
    ['rerank-3', true],
    ['rerank-3-lite', true],
    ['rerank-2.5', true],
    ['rerank-2', false],
    ['rerank-2-lite', false],
    ['rerank-1', false],
  ])('with %s takes an instruction: %s', (model, takes) => {
    const make = (): unknown => voyage({ apiKey, model, instruction: 'Find laws.' })
    if (takes) expect(make).not.toThrow()
    else expect(make).toThrow(/takes none/)
  })
})
