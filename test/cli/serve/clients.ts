/**
 * What existing clients of rerankers send, written down byte for byte with invented texts, and the rules by which each reads
 * its answer. Python clients put blanks behind commas and colons and escape what is not ASCII (requests, aiohttp) or do
 * neither (httpx); those on Node.js write as `JSON.stringify` does.
 */
export const query = 'When does the lamp turn itself off?'
export const texts = [
  'The lamp is red.',
  'After ten minutes without movement the lamp goes dark.',
  'The battery lasts a year — naïve users say two.',
] as const

const asciiTexts = `["The lamp is red.", "After ten minutes without movement the lamp goes dark.", "The battery lasts a year \\u2014 na\\u00efve users say two."]`
const nodeTexts = JSON.stringify(texts)
const asObjects = `[{"text": "The lamp is red."}, {"text": "After ten minutes without movement the lamp goes dark."}, {"text": "The battery lasts a year \\u2014 na\\u00efve users say two."}]`

/** One document as a client ends up with it. */
export interface Read {
  readonly index: number
  readonly score: number
  readonly text?: string | undefined
}

type Row = Readonly<Record<string, unknown>>
type Body = Readonly<Record<string, unknown>>

export interface ClientCase {
  readonly client: string
  readonly path: string
  /** Besides `Host` and `Content-Length`. */
  readonly headers: readonly string[]
  readonly body: string
  /** What the client makes of an answer; throws, or leaves something out, where the client would. */
  read(answer: unknown): readonly Read[]
  /** How many documents it asked for; all unless it says otherwise. */
  readonly topN?: number
  /** Whether it uses the texts that come back. */
  readonly needsTexts?: true
  /** Whether it takes logits where others take probabilities. */
  readonly readsLogits?: true
}

/** A member that the client takes without asking whether it is there: Python's `row["index"]`. */
function take<T = unknown>(object: unknown, ...path: readonly string[]): T {
  let value = object
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) throw new Error(`no ${name}`)
    value = (value as Record<string, unknown>)[name]
  }
  return value as T
}

/** `results[].index` and `.relevance_score`, as most do. */
const results = (answer: unknown): Read[] =>
  take<Row[]>(answer, 'results').map((row) => ({ index: take(row, 'index'), score: take(row, 'relevance_score') }))

/** The same, with `results[].document.text`, which must be there. */
const resultsWithText = (answer: unknown): Read[] =>
  take<Row[]>(answer, 'results').map((row) => ({
    index: take(row, 'index'),
    score: take(row, 'relevance_score'),
    text: take(row, 'document', 'text'),
  }))

/** `document` is an object with a text or a string, where it is there at all. */
const resultsWithEither = (answer: unknown): Read[] =>
  take<Row[]>(answer, 'results').map((row) => {
    const { document } = row as { document?: unknown }
    const text = typeof document === 'string' ? document : (document as { text?: string } | undefined)?.text
    return { index: take(row, 'index'), score: take(row, 'relevance_score'), text }
  })

/** `data[].index` and `.relevance_score`. */
const data = (answer: unknown): Read[] =>
  take<Row[]>(answer, 'data').map((row) => ({ index: take(row, 'index'), score: take(row, 'relevance_score') }))

/** A bare list of `index` and `score`. */
const list = (answer: unknown): Read[] => {
  if (!Array.isArray(answer)) throw new Error('no list')
  return (answer as Row[]).map((row) => ({ index: take(row, 'index'), score: take(row, 'score') }))
}

/** Sorts by index and pairs rows with documents, so that one that is missing shifts the rest. */
const zipped = (answer: unknown): Read[] => {
  const rows = results(answer).toSorted((a, b) => a.index - b.index)
  return texts.map((_, at) => ({ index: at, score: (rows[at] as Read).score })).toSorted((a, b) => b.score - a.score)
}

/** Keeps the first row of each document. */
const firstOfEach = (answer: unknown): Read[] => {
  take<number>(answer as Body, 'meta', 'tokens', 'input_tokens')
  const kept = new Map<number, Read>()
  for (const row of results(answer)) if (!kept.has(row.index)) kept.set(row.index, row)
  return [...kept.values()]
}

/** Refuses a list with an index twice, or with a score that is not finite. */
const strict = (answer: unknown): Read[] => {
  const rows = results(answer)
  if (new Set(rows.map(({ index }) => index)).size !== rows.length) throw new Error('an index came twice')
  if (rows.some(({ score }) => !Number.isFinite(score))) throw new Error('a score is not finite')
  return rows
}

/** Rescales a batch that leaves 0..1, so that a score must not. */
const unscaled = (answer: unknown): Read[] => {
  const rows = results(answer)
  if (rows.some(({ score }) => score < 0 || score > 1)) throw new Error('the batch would be rescaled')
  return rows
}

const json = 'Content-Type: application/json'
const requests = ['User-Agent: python-requests/2.32.5', 'Accept-Encoding: gzip, deflate', 'Accept: */*', json]
const httpx = ['Accept: */*', 'Accept-Encoding: gzip, deflate', 'User-Agent: python-httpx/0.28.1', json]
const aiohttp = ['Accept: */*', 'Accept-Encoding: gzip, deflate', json, 'User-Agent: Python/3.12 aiohttp/3.13.2']
const node = ['accept: application/json', 'content-type: application/json', 'user-agent: node']
const key = (value: string): string => `Authorization: ${value}`

/** `{"model": …, "query": …, "documents": …` as Python's json writes it. */
const python = (model: string, rest: string, documents = asciiTexts): string =>
  `{"model": "${model}", "query": "${query}", "documents": ${documents}${rest}}`
/** The same without blanks, as httpx writes it. */
const compact = (model: string, rest: string): string =>
  `{"model":"${model}","query":"${query}","documents":${nodeTexts}${rest}}`

export const clients: readonly ClientCase[] = [
  {
    client: 'Open WebUI, external',
    path: '/v1/rerank',
    headers: [...requests, key('Bearer '), 'X-OpenWebUI-User-Name: A%20person', 'X-OpenWebUI-User-Role: user'],
    body: python('any-name', ', "top_n": 3'),
    read: zipped,
  },
  {
    client: 'Dify, OpenAI-API-compatible',
    path: '/v1/rerank',
    headers: [...httpx, key('Bearer None')],
    body: compact('bge-reranker-v2-m3', ',"top_n":3'),
    read: results,
  },
  {
    client: 'Dify, OpenAI-API-compatible, with documents as objects',
    path: '/v1/rerank',
    headers: httpx,
    body: `{"model":"m","query":"${query}","documents":${asObjects},"top_n":3}`,
    read: resultsWithEither,
  },
  {
    client: 'Dify, base class of the plugin SDK',
    path: '/v1/rerank',
    headers: requests,
    body: python('m', ', "top_n": 3, "return_documents": true'),
    read: resultsWithEither,
    needsTexts: true,
  },
  {
    client: 'Dify, Text Embedding Inference',
    path: '/rerank',
    headers: requests,
    body: `{"query": "${query}", "texts": ${asciiTexts}, "return_text": true}`,
    read: (answer) => list(answer).map((row, at) => ({ ...row, text: take(answer, String(at), 'text') })),
    needsTexts: true,
  },
  {
    client: 'Dify, Jina',
    path: '/v1/rerank',
    headers: [...httpx, key('Bearer key')],
    body: `{"model":"jina-reranker-v2-base-multilingual","query":"${query}","documents":${asObjects},"top_n":null,"return_documents":false}`,
    read: results,
  },
  {
    client: 'Dify, LocalAI',
    path: '/rerank',
    headers: httpx,
    body: compact('m', ',"top_n":null'),
    read: resultsWithEither,
  },
  {
    client: 'Dify, GPUStack',
    path: '/v1/rerank',
    headers: [...requests, key('Bearer key')],
    body: python('m', ', "top_n": null'),
    read: resultsWithEither,
  },
  {
    client: 'Dify, SiliconFlow and Gitee AI',
    path: '/v1/rerank',
    headers: [...httpx, key('Bearer key')],
    body: compact('BAAI/bge-reranker-v2-m3', ',"top_n":2,"return_documents":true'),
    read: resultsWithText,
    topN: 2,
    needsTexts: true,
  },
  {
    client: 'Dify, Cohere (version 1 of the Python SDK)',
    path: '/v1/rerank',
    headers: [...httpx, key('Bearer key'), 'X-Client-Name: dify', 'X-Fern-Language: Python'],
    body: compact('rerank-v3.5', ',"top_n":3,"return_documents":true'),
    read: resultsWithText,
    needsTexts: true,
  },
  {
    client: 'Dify, Voyage',
    path: '/v1/rerank',
    headers: [...httpx, key('Bearer key')],
    body: compact('rerank-2', ',"top_k":3,"return_documents":true'),
    read: (answer) => data(answer).map((row, at) => ({ ...row, text: take(answer, 'data', String(at), 'document') })),
    needsTexts: true,
  },
  {
    client: 'Dify, Ollama',
    path: '/api/rerank',
    headers: requests,
    body: python('m', ', "top_n": 3'),
    read: (answer) =>
      take<Row[]>(answer, 'results').map((row) => {
        const text = take<string>(row, 'document')
        if (typeof text !== 'string') throw new Error('document is no string')
        return { index: take(row, 'index'), score: take(row, 'relevance_score'), text }
      }),
    needsTexts: true,
  },
  {
    client: 'RAGFlow, OpenAI-API-Compatible and New API',
    path: '/v1/rerank',
    headers: [...requests, key('Bearer key')],
    body: python('m', ', "top_n": 3'),
    read: unscaled,
  },
  {
    client: 'RAGFlow, Jina',
    path: '/v1/rerank',
    headers: [...requests, key('Bearer key')],
    body: python('jina-reranker-v2-base-multilingual', ', "top_n": 3'),
    read: unscaled,
  },
  {
    client: 'RAGFlow, vLLM and Cohere (Python SDK)',
    path: '/v1/rerank',
    headers: [...httpx, key('Bearer key')],
    body: compact('m', ',"top_n":3,"return_documents":false'),
    read: unscaled,
  },
  {
    client: 'RAGFlow, Xinference',
    path: '/v1/rerank',
    headers: [...requests, 'Authorization: Bearer '],
    body: python('m', ', "return_documents": "true", "return_len": "true"'),
    read: unscaled,
  },
  { client: 'RAGFlow, LocalAI', path: '/rerank', headers: requests, body: python('m', ', "top_n": 3'), read: unscaled },
  {
    client: 'RAGFlow, HuggingFace',
    path: '/rerank',
    headers: requests,
    body: `{"query": "${query}", "raw_scores": false, "texts": ${asciiTexts}, "truncate": true}`,
    read: list,
  },
  {
    client: 'RAGFlow, NVIDIA',
    path: '/v1/ranking',
    headers: [...requests, key('Bearer key')],
    body: `{"model": "nv-rerank", "query": {"text": "${query}"}, "passages": ${asObjects}, "truncate": "END", "top_n": 3}`,
    read: (answer) =>
      take<Row[]>(answer, 'rankings').map((row) => ({ index: take(row, 'index'), score: take(row, 'logit') })),
    readsLogits: true,
  },
  {
    client: 'RAGFlow, SILICONFLOW',
    path: '/v1/rerank',
    headers: [...requests, key('Bearer key')],
    body: python('m', ', "top_n": 3, "return_documents": false, "max_chunks_per_doc": 1024, "overlap_tokens": 80'),
    read: unscaled,
  },
  {
    client: 'LightRAG, cohere and jina',
    path: '/v1/rerank',
    headers: [...aiohttp, key('Bearer key')],
    body: python('rerank-v3.5', ', "top_n": 3, "return_documents": false'),
    read: strict,
  },
  {
    client: 'LightRAG, aliyun',
    path: '/api/v1/services/rerank/text-rerank/text-rerank',
    headers: [...aiohttp, key('Bearer key')],
    body: `{"model": "gte-rerank-v2", "input": {"query": "${query}", "documents": ${asciiTexts}}, "parameters": {"top_n": 3}}`,
    read: (answer) => strict(take(answer, 'output')),
  },
  {
    client: 'FastGPT',
    path: '/v1/rerank',
    headers: [...node, 'authorization: Bearer key'],
    body: `{"model":"bge-reranker-v2-m3","query":"${query}","documents":${nodeTexts}}`,
    read: firstOfEach,
  },
  {
    client: 'Cherry Studio, Jina and others',
    path: '/v1/rerank',
    headers: [...node, 'authorization: Bearer key'],
    body: `{"model":"m","query":"${query}","documents":${nodeTexts},"top_n":2}`,
    read: results,
    topN: 2,
  },
  {
    client: 'Cherry Studio, Voyage',
    path: '/v1/rerank',
    headers: [...node, 'authorization: Bearer key'],
    body: `{"model":"m","query":"${query}","documents":${nodeTexts},"top_k":2,"return_documents":false,"truncation":true}`,
    read: data,
    topN: 2,
  },
  {
    client: 'Cherry Studio, a provider with tei in its name',
    path: '/v1/rerank',
    headers: [...node, 'authorization: Bearer key'],
    body: `{"query":"${query}","texts":${nodeTexts},"return_text":true}`,
    read: list,
  },
  {
    client: 'LibreChat, jina',
    path: '/v1/rerank',
    headers: [...node, 'authorization: Bearer key'],
    body: `{"model":"jina-reranker-v2-base-multilingual","query":"${query}","top_n":3,"documents":${nodeTexts},"return_documents":true}`,
    read: (answer) => strict(answer).map((row, at) => ({ ...row, text: resultsWithEither(answer)[at]?.text })),
    needsTexts: true,
  },
  {
    client: 'LibreChat, cohere',
    path: '/v2/rerank',
    headers: [...node, 'authorization: Bearer key'],
    body: `{"model":"rerank-v3.5","query":"${query}","top_n":3,"documents":${nodeTexts}}`,
    read: strict,
  },
  {
    client: 'LibreChat, rag_api',
    path: '/v1/rerank',
    headers: [...node, 'authorization: Bearer key'],
    body: `{"profile":"simple","query":"${query}","candidates":[{"id":"a","text":"${texts[0]}"},{"id":"b","text":"${texts[1]}"},{"id":"c","text":"${texts[2]}"}],"top_n":3}`,
    read: (answer) => {
      if (take(answer, 'profile') !== 'simple') throw new Error('another profile')
      return take<Row[]>(answer, 'results').map((row) => {
        const index = ['a', 'b', 'c'].indexOf(take(row, 'id'))
        if (index !== take(row, 'index')) throw new Error('id and index differ')
        return { index, score: take(row, 'score') }
      })
    },
  },
  {
    client: 'Continue, huggingface-tei',
    path: '/rerank',
    headers: node,
    body: `{"query":"${query}","return_text":false,"raw_scores":false,"texts":${nodeTexts},"truncation_direction":"Right","truncate":true}`,
    read: list,
  },
  {
    client: 'Continue, cohere and vllm',
    path: '/v1/rerank',
    headers: node,
    body: `{"model":"m","query":"${query}","documents":${nodeTexts}}`,
    read: zipped,
  },
  {
    client: 'Continue, openai and most others',
    path: '/v1/rerank',
    headers: [...node, 'authorization: Bearer '],
    body: `{"model":"m","query":"${query}","documents":${nodeTexts}}`,
    read: data,
  },
  {
    client: 'LiteLLM, hosted_vllm',
    path: '/rerank',
    headers: [...httpx, 'Authorization: Bearer fake-api-key'],
    body: compact('m', ',"top_n":3,"return_documents":true,"truncate_prompt_tokens":-1,"max_tokens_per_doc":512'),
    read: resultsWithText,
    needsTexts: true,
  },
  {
    client: 'Flowise, Azure Rerank',
    path: '/providers/cohere/v2/rerank',
    headers: [...node, 'api-key: key'],
    body: `{"model":"Cohere-rerank-v4.0-fast","top_n":3,"max_chunks_per_doc":10,"query":"${query}","return_documents":false,"documents":${nodeTexts}}`,
    read: results,
  },
]
