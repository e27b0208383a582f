import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Fetch } from '../../../../packages/core/src/base/call.ts'
import { type CompatibleOptions, compatible } from '../../../../packages/core/src/score/remote/compatible.ts'
import { type PresetName, presetNames } from '../../../../packages/core/src/score/remote/presets.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { apiKey } from './cases.ts'

/*
 * The request of each preset, byte for byte, as the service's own client or page has it (docs/providers.md names them), and
 * an answer as it describes it.
 */

interface Row {
  readonly model: string
  /** Needed where every account has an address of its own. */
  readonly url?: string
  readonly to: string
  readonly header?: readonly [name: string, value: string]
  readonly body: string
  readonly answer: object
  readonly stats: object
  /** The body with the instruction `Prefer statutes.`; missing where the model takes none. */
  readonly told?: string
  readonly variable: string
}

const cohereRows = [
  { index: 1, relevance_score: 0.75 },
  { index: 0, relevance_score: 0.25 },
]
const usage = { prompt_tokens: 9, total_tokens: 9 }

const rows: Readonly<Record<PresetName, Row>> = {
  azure: {
    model: 'cohere-rerank-v4.0-pro',
    url: 'https://a-name.services.ai.azure.com/providers/cohere/v2/rerank',
    to: 'https://a-name.services.ai.azure.com/providers/cohere/v2/rerank',
    header: ['api-key', apiKey],
    body: '{"model":"cohere-rerank-v4.0-pro","query":"q","documents":["a","b"],"top_n":2}',
    answer: { id: 'x', results: cohereRows, meta: { billed_units: { search_units: 1 } } },
    stats: { searchUnits: 1 },
    variable: 'AZURE_AI_API_KEY',
  },
  contextual: {
    model: 'ctxl-rerank-v2-instruct-multilingual',
    to: 'https://api.contextual.ai/v1/rerank',
    body: '{"model":"ctxl-rerank-v2-instruct-multilingual","query":"q","documents":["a","b"],"top_n":2}',
    told: '{"model":"ctxl-rerank-v2-instruct-multilingual","query":"q","documents":["a","b"],"top_n":2,"instruction":"Prefer statutes."}',
    answer: { results: cohereRows },
    stats: {},
    variable: 'CONTEXTUAL_API_KEY',
  },
  dashscope: {
    model: 'qwen3-rerank',
    to: 'https://dashscope.aliyuncs.com/compatible-api/v1/reranks',
    body: '{"model":"qwen3-rerank","query":"q","documents":["a","b"],"top_n":2}',
    told: '{"model":"qwen3-rerank","query":"q","documents":["a","b"],"top_n":2,"instruct":"Prefer statutes."}',
    answer: { object: 'list', results: cohereRows, model: 'qwen3-rerank', id: 'x', usage: { total_tokens: 9 } },
    stats: { billedTokens: 9 },
    variable: 'DASHSCOPE_API_KEY',
  },
  deepinfra: {
    model: 'Qwen/Qwen3-Reranker-8B',
    to: 'https://api.deepinfra.com/v1/inference/Qwen/Qwen3-Reranker-8B',
    body: '{"queries":["q","q"],"documents":["a","b"]}',
    told: '{"queries":["q","q"],"documents":["a","b"],"instruction":"Prefer statutes."}',
    answer: {
      scores: [0.25, 0.75],
      input_tokens: 9,
      request_id: null,
      inference_status: { status: 'unknown', cost: 0.5 },
    },
    stats: { billedTokens: 9, cost: 0.5 },
    variable: 'DEEPINFRA_API_KEY',
  },
  fireworks: {
    model: 'fireworks/qwen3-reranker-8b',
    to: 'https://api.fireworks.ai/inference/v1/rerank',
    body: '{"model":"fireworks/qwen3-reranker-8b","query":"q","documents":["a","b"],"top_n":2,"return_documents":false}',
    answer: { object: 'list', model: 'm', data: cohereRows, usage },
    stats: { billedTokens: 9 },
    variable: 'FIREWORKS_API_KEY',
  },
  isaacus: {
    model: 'kanon-2-reranker',
    to: 'https://api.isaacus.com/v1/rerankings',
    body: '{"model":"kanon-2-reranker","query":"q","texts":["a","b"]}',
    answer: {
      results: [
        { index: 1, score: 0.75 },
        { index: 0, score: 0.25 },
      ],
      usage: { input_tokens: 9 },
    },
    stats: { billedTokens: 9 },
    variable: 'ISAACUS_API_KEY',
  },
  novita: {
    model: 'baai/bge-reranker-v2-m3',
    to: 'https://api.novita.ai/openai/v1/rerank',
    body: '{"model":"baai/bge-reranker-v2-m3","query":"q","documents":["a","b"],"top_n":2}',
    answer: { id: 'x', results: cohereRows, usage: { completion_tokens: 0, ...usage } },
    stats: { billedTokens: 9 },
    variable: 'NOVITA_API_KEY',
  },
  nvidia: {
    model: 'nvidia/llama-3.2-nv-rerankqa-1b-v2',
    to: 'https://ai.api.nvidia.com/v1/retrieval/nvidia/llama-3_2-nv-rerankqa-1b-v2/reranking',
    body: '{"model":"nvidia/llama-3.2-nv-rerankqa-1b-v2","query":{"text":"q"},"passages":[{"text":"a"},{"text":"b"}],"truncate":"END"}',
    answer: {
      rankings: [
        { index: 1, logit: 0.75 },
        { index: 0, logit: 0.25 },
      ],
    },
    stats: {},
    variable: 'NVIDIA_API_KEY',
  },
  openrouter: {
    model: 'cohere/rerank-5-pro',
    to: 'https://openrouter.ai/api/v1/rerank',
    body: '{"model":"cohere/rerank-5-pro","query":"q","documents":["a","b"],"top_n":2}',
    answer: { id: 'x', model: 'm', provider: 'Cohere', results: cohereRows, usage: { cost: 0.001, total_tokens: 9 } },
    stats: { billedTokens: 9, cost: 0.001 },
    variable: 'OPENROUTER_API_KEY',
  },
  scaleway: {
    model: 'qwen3-embedding-8b',
    to: 'https://api.scaleway.ai/v1/rerank',
    body: '{"model":"qwen3-embedding-8b","query":"q","documents":["a","b"],"top_n":2}',
    answer: { id: 'x', model: 'm', results: cohereRows, usage },
    stats: { billedTokens: 9 },
    variable: 'SCW_SECRET_KEY',
  },
  siliconflow: {
    model: 'Qwen/Qwen3-Reranker-8B',
    to: 'https://api.siliconflow.com/v1/rerank',
    body: '{"model":"Qwen/Qwen3-Reranker-8B","query":"q","documents":["a","b"],"top_n":2,"return_documents":false}',
    answer: { id: 'x', results: cohereRows, tokens: { input_tokens: 9, output_tokens: 0 } },
    stats: { billedTokens: 9 },
    variable: 'SILICONFLOW_API_KEY',
  },
  'siliconflow-cn': {
    model: 'Qwen/Qwen3-Reranker-8B',
    to: 'https://api.siliconflow.cn/v1/rerank',
    body: '{"model":"Qwen/Qwen3-Reranker-8B","query":"q","documents":["a","b"],"top_n":2,"return_documents":false}',
    told: '{"model":"Qwen/Qwen3-Reranker-8B","query":"q","documents":["a","b"],"top_n":2,"instruction":"Prefer statutes.","return_documents":false}',
    answer: { id: 'x', results: cohereRows, tokens: { input_tokens: 9, output_tokens: 0 } },
    stats: { billedTokens: 9 },
    variable: 'SILICONFLOW_API_KEY',
  },
  together: {
    model: 'mixedbread-ai/Mxbai-Rerank-Large-V2',
    to: 'https://api.together.ai/v1/rerank',
    body: '{"model":"mixedbread-ai/Mxbai-Rerank-Large-V2","query":"q","documents":["a","b"],"top_n":2,"return_documents":false}',
    answer: { object: 'rerank', id: 'x', model: 'm', results: cohereRows, usage: { completion_tokens: 0, ...usage } },
    stats: { billedTokens: 9 },
    variable: 'TOGETHER_API_KEY',
  },
  zeroentropy: {
    model: 'zerank-2',
    to: 'https://api.zeroentropy.dev/v1/models/rerank',
    body: '{"model":"zerank-2","query":"q","documents":["a","b"],"top_n":2}',
    told: '{"model":"zerank-2","query":"<query>q</query>\\n<instructions>Prefer statutes.</instructions>","documents":["a","b"],"top_n":2}',
    answer: { results: cohereRows, total_bytes: 3, total_tokens: 9, e2e_latency: 0.1, inference_latency: 0.1 },
    stats: { billedTokens: 9 },
    variable: 'ZEROENTROPY_API_KEY',
  },
}

/** A service that answers everything with the same, and what it was asked. */
function service(answer: object): { readonly fetch: Fetch; readonly seen: { url: string; init: RequestInit }[] } {
  const seen: { url: string; init: RequestInit }[] = []
  return { seen, fetch: async (url, init) => (seen.push({ url, init }), Response.json(answer)) }
}

it('every preset is held to a documented request', () => {
  expect(Object.keys(rows).toSorted()).toEqual(presetNames.toSorted())
})

it('the page says of every preset which model, price and day it was checked for, and against what', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/providers.md'), 'utf8')
  const table = page.slice(page.indexOf('| `preset` '), page.indexOf('| option ')).matchAll(/^\| `([\w-]+)` .*$/gm)
  const said = [...table]
    .filter(([, name]) => name !== 'preset')
    .map(([line]) => line.split('|').map((cell) => cell.trim()))
  expect(said.map(([, name = '']) => name.replaceAll('`', '')).toSorted()).toEqual(presetNames.toSorted())
  for (const [, name = '', , , , model, price, day, source] of said) {
    expect(model, name).toBe(`\`${rows[name.replaceAll('`', '') as PresetName].model}\``)
    expect(price, name).toMatch(/^(?:not checked|\d+\.\d\d)/)
    expect(day, name).toMatch(/^20\d\d-\d\d-\d\d$/)
    expect(source, name).toMatch(/[a-z]/)
  }
})

describe.each(Object.entries(rows) as [PresetName, Row][])('the preset %s', (preset, row) => {
  const { model, url, to, header = ['authorization', `Bearer ${apiKey}`], body, answer, stats } = row
  const options = { preset, model, apiKey, ...(url && { url }) } as const

  it('sends this request, byte for byte, and reads this answer', async () => {
    const { fetch, seen } = service(answer)
    const call = callOf()
    expect(await compatible({ ...options, fetch }).score('q', ['a', 'b'], call)).toEqual([0.25, 0.75])
    expect(call.stats).toEqual({ requests: 1, ...stats })
    expect(seen).toHaveLength(1)
    expect(seen[0]?.url).toBe(to)
    expect(seen[0]?.init.body).toBe(body)
    expect(seen[0]?.init.headers).toEqual({
      accept: 'application/json',
      'content-type': 'application/json',
      [header[0]]: header[1],
    })
  })

  it('has the key from its variable, and says which one that is', async () => {
    const { apiKey: _, ...keyless } = options
    expect(() => compatible(keyless)).toThrow(`set ${row.variable}`)
    process.env[row.variable] = 'from-the-environment'
    try {
      const { fetch, seen } = service(answer)
      await compatible({ ...keyless, fetch }).score('q', ['a', 'b'], callOf())
      expect(JSON.stringify(seen[0]?.init.headers)).toContain('from-the-environment')
    } finally {
      delete process.env[row.variable]
    }
  })

  it('sends an instruction where the service documents it, and refuses it elsewhere', async () => {
    const { fetch, seen } = service(answer)
    const told = { ...options, instruction: 'Prefer statutes.', fetch }
    if (row.told === undefined) {
      expect(() => compatible(told)).toThrow(/^instruction is "Prefer statutes\.": .* takes none; leave it out$/)
      return
    }
    const scorer = compatible(told)
    await scorer.score('q', ['a', 'b'], callOf())
    await compatible({ ...options, fetch }).score('q', ['a', 'b'], callOf({ instruction: 'Prefer statutes.' }))
    expect(seen.map(({ init }) => init.body)).toEqual([row.told, row.told])
    expect(scorer.id).not.toBe(compatible(options).id)
  })
})

describe('the URL', () => {
  it.each([
    'https://gateway.example/rerank',
    'https://gateway.example/v1/',
    'https://gateway.example/a/b?tenant=1',
    'https://gateway.example/v2/rerank/',
  ])('%s is used as it is', async (url) => {
    const { fetch, seen } = service({ results: cohereRows })
    await compatible({ url, form: 'cohere', fetch }).score('q', ['a', 'b'], callOf())
    expect(seen[0]?.url).toBe(url)
  })

  it('of one’s own gets no key from the environment', async () => {
    process.env['CO_API_KEY'] = 'a-key-of-the-environment'
    try {
      const { fetch, seen } = service({ results: cohereRows })
      await compatible({ url: 'https://gateway.example/', form: 'cohere', fetch }).score('q', ['a', 'b'], callOf())
      expect(seen[0]?.init.headers).not.toHaveProperty('authorization')
    } finally {
      delete process.env['CO_API_KEY']
    }
  })
})

describe('a wrong option', () => {
  const url = 'https://gateway.example/rerank'
  it.each<[object, RegExp]>([
    [{}, /^It is not said how the service is asked: pass preset \(azure, .*, or url and form \(cohere, /],
    [{ url }, /^It is not said how the service is asked/],
    [{ form: 'cohere' }, /^It is not said how the service is asked/],
    [{ preset: 'openrooter', model: 'm', apiKey }, /^preset is "openrooter": pass one of 'azure', /],
    [{ url, form: 'openai' }, /^form is "openai": pass one of 'cohere', /],
    [{ preset: 'openrouter', apiKey }, /^model is missing: pass the model, for example 'cohere\/rerank-5-pro'/],
    [{ preset: 'openrouter', model: ' ', apiKey }, /^model is missing/],
    [{ preset: 'azure', model: 'm', apiKey }, /^url is missing, and every account of azure has its own/],
    [{ preset: 'openrouter', model: 'm', apiKey, form: 'tei' }, /^form is "tei": leave it out; openrouter has its own/],
    [
      { preset: 'together', model: 'm', apiKey, keyHeader: 'api-key' },
      /^keyHeader is "api-key": leave it out; together/,
    ],
    [{ preset: 'novita', model: 'm', apiKey, instructionField: 'x' }, /^instructionField is "x": leave it out; novita/],
    [{ url, form: 'nim' }, /^model is missing/],
    [
      { url, form: 'nim', model: 'm', scoreType: 'probability' },
      /^scoreType is "probability": the form nim always gives/,
    ],
    [
      { url, form: 'cohere', extraBody: { query: 'x' } },
      /^extraBody\.query is "x": leave it out; the scorer fills it in/,
    ],
    [{ url, form: 'cohere', extraBody: ['x'] }, /^extraBody is an array of 1: pass an object of fields/],
    [{ url, form: 'cohere', instructionField: 'query' }, /^instructionField is "query": pass the name of a field/],
    [{ url, form: 'cohere', instruction: 'x' }, /^instruction is "x": .* takes none/],
    [{ url, form: 'cohere', instruction: ' ', instructionField: 'i' }, /^instruction is " ": pass a sentence/],
    [{ url: 'gateway.example', form: 'cohere' }, /^url is no http or https URL/],
    [{ url, form: 'cohere', scope: 'list' }, /^scope is "list": pass 'pair' or 'pool'/],
    [{ url, form: 'cohere', baseUrl: url }, /^There is no option "baseUrl"/],
  ])('%j is refused', (options, message) => {
    expect(() => compatible(options as CompatibleOptions)).toThrow(message)
  })
})

it('a reranker that reads all texts together is never split', async () => {
  const { fetch } = service({ results: cohereRows })
  const options = { url: 'https://gateway.example/', form: 'cohere', scope: 'pool', fetch } as const
  expect(compatible(options).scope).toBe('pool')
  const scorer = compatible({ ...options, maxTexts: 1 })
  await expect(scorer.score('q', ['a', 'b'], callOf())).rejects.toThrow(/reads all texts together, at most 1 a request/)
})
