import type { Handler, Seen } from './stub-server.ts'
import { json } from './stub-server.ts'

/**
 * The other side of every wire format: bodies as the vendors' pages describe them (the pages are named at each), with
 * invented texts and scores. A request with a field that the page does not know is refused, as the strict ones do.
 */

export const apiKey = 'sk-invented-key-0123456789'

/** An invented score in 0..1 that depends on query and text alone. */
export function probabilityOf(query: string, text: string): number {
  let hash = 7
  for (let at = 0; at < query.length + text.length; at++) {
    hash = (hash * 31 + (query + text).charCodeAt(at)) % 1_000_003
  }
  return (hash + 1) / 1_000_005
}

export function logitOf(query: string, text: string): number {
  const probability = probabilityOf(query, text)
  return Math.log(probability / (1 - probability))
}

interface Row {
  readonly index: number
  readonly score: number
}

/** Best first, as nearly all of them answer. */
export function ranked(query: string, texts: readonly string[], score: typeof probabilityOf): Row[] {
  return texts.map((text, index) => ({ index, score: score(query, text) })).sort((a, b) => b.score - a.score)
}

export const relevance = (rows: readonly Row[]): object[] =>
  rows.map(({ index, score }) => ({ index, relevance_score: score }))

type Body = Record<string, unknown>

export interface Wire {
  readonly path: string
  readonly fields: readonly string[]
  answer(body: Body): unknown
}

const strings = (value: unknown): string[] => value as string[]

/** https://docs.cohere.com/reference/rerank */
export const cohereWire: Wire = {
  path: '/v2/rerank',
  fields: ['model', 'query', 'documents', 'top_n', 'max_tokens_per_doc', 'priority', 'relevant_spans'],
  answer: ({ query, documents, model, relevant_spans }) => ({
    id: '07734bd2-2473-4f07-94e1-0d9f0e6843cf',
    results: relevance(ranked(query as string, strings(documents), probabilityOf)).map((row) => ({
      ...row,
      ...(relevant_spans === undefined ? {} : { relevant_spans: [{ start: 0, end: 1, score: 0.9 }] }),
    })),
    meta: {
      api_version: { version: '2' },
      // Rerank 5 is billed by the token, earlier models by the search unit.
      billed_units: String(model).startsWith('rerank-v5')
        ? { input_tokens: 8 * strings(documents).length }
        : { search_units: Math.ceil(strings(documents).length / 100) },
    },
  }),
}

/** https://docs.voyageai.com/reference/reranker-api */
export const voyageWire: Wire = {
  path: '/v1/rerank',
  fields: ['model', 'query', 'documents', 'top_k', 'return_documents', 'truncation'],
  answer: ({ model, query, documents }) => ({
    object: 'list',
    data: relevance(ranked(query as string, strings(documents), probabilityOf)),
    model,
    usage: { total_tokens: 10 * strings(documents).length },
  }),
}

/** https://api.jina.ai/redoc#tag/rerank */
export const jinaWire: Wire = {
  path: '/v1/rerank',
  fields: ['model', 'query', 'documents', 'top_n', 'return_documents', 'truncation'],
  answer: ({ model, query, documents }) => ({
    model,
    object: 'list',
    usage: { total_tokens: 10 * strings(documents).length },
    results: relevance(ranked(query as string, strings(documents), probabilityOf)),
  }),
}

/** https://www.mixedbread.com/api-reference/endpoints/reranking */
export const mixedbreadWire: Wire = {
  path: '/v1/reranking',
  fields: ['model', 'query', 'input', 'rank_fields', 'top_k', 'return_input', 'rewrite_query'],
  answer: ({ model, query, input, top_k, return_input }) => ({
    model,
    object: 'list',
    data: ranked(query as string, strings(input), probabilityOf).map((row) => ({ ...row, object: 'rank_result' })),
    usage: { prompt_tokens: 7, total_tokens: 10 * strings(input).length },
    top_k,
    return_input,
  }),
}

/** https://docs.pinecone.io/reference/api/2026-07/inference/rerank-results */
export const pineconeWire: Wire = {
  path: '/rerank',
  fields: ['model', 'query', 'documents', 'top_n', 'return_documents', 'rank_fields', 'parameters'],
  answer: ({ model, query, documents }) => ({
    model,
    data: ranked(
      query as string,
      (documents as { text: string }[]).map(({ text }) => text),
      probabilityOf,
    ),
    usage: { rerank_units: 1 },
  }),
}

/** https://huggingface.github.io/text-embeddings-inference/ */
export const teiWire: Wire = {
  path: '/rerank',
  fields: ['query', 'texts', 'raw_scores', 'return_text', 'truncate', 'truncation_direction'],
  answer: ({ query, texts, raw_scores }) =>
    ranked(query as string, strings(texts), raw_scores === true ? logitOf : probabilityOf),
}

/** https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#re-rank-api */
export const vllmWire: Wire = {
  path: '/rerank',
  fields: ['model', 'query', 'documents', 'instruction', 'top_n', 'truncate_prompt_tokens', 'use_activation'],
  answer: ({ model, query, documents, use_activation }) => ({
    id: 'rerank-fae51b2b664d4ed38f5969b612edff77',
    model,
    usage: { prompt_tokens: 56, total_tokens: 56 },
    results: ranked(query as string, strings(documents), use_activation === false ? logitOf : probabilityOf).map(
      ({ index, score }) => ({ index, document: { text: strings(documents)[index] }, relevance_score: score }),
    ),
  }),
}

/** https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#score-api */
export const vllmScoreWire: Wire = {
  path: '/score',
  fields: ['model', 'text_1', 'text_2', 'truncate_prompt_tokens', 'use_activation'],
  answer: ({ model, text_1, text_2, use_activation }) => ({
    id: 'score-request-id',
    object: 'list',
    created: 693447,
    model,
    data: strings(text_2).map((text, index) => ({
      index,
      object: 'score',
      score: (use_activation === false ? logitOf : probabilityOf)(text_1 as string, text),
    })),
    usage: { total_tokens: 56 },
  }),
}

/** https://michaelfeil.eu/infinity/latest/swagger_ui/ */
export const infinityWire: Wire = {
  path: '/rerank',
  fields: ['model', 'query', 'documents', 'top_n', 'return_documents', 'raw_scores'],
  answer: ({ model, query, documents, raw_scores }) => ({
    object: 'rerank',
    results: relevance(ranked(query as string, strings(documents), raw_scores === true ? logitOf : probabilityOf)),
    model,
    usage: { prompt_tokens: 300, total_tokens: 300 },
    id: 'infinity-6a5f3c2e',
    created: 1711111111,
  }),
}

/** The same of versions before 0.0.40: `data` where `results` is now. */
export const oldInfinityWire: Wire = {
  ...infinityWire,
  answer: (body) => {
    const { results, ...rest } = infinityWire.answer(body) as { results: unknown }
    return { ...rest, data: results }
  },
}

/** https://github.com/ggml-org/llama.cpp/tree/master/tools/server — a BERT-type model: logits; unsorted, as old builds. */
export const llamacppWire: Wire = {
  path: '/rerank',
  fields: ['model', 'query', 'documents', 'top_n'],
  answer: ({ model, query, documents }) => ({
    model,
    object: 'list',
    usage: { prompt_tokens: 41, total_tokens: 41 },
    results: strings(documents).map((text, index) => ({ index, relevance_score: logitOf(query as string, text) })),
  }),
}

/** https://docs.nvidia.com/nim/nemo-retriever/text-reranking/latest/using-reranking.html */
export const nimWire: Wire = {
  path: '/v1/ranking',
  fields: ['model', 'query', 'passages', 'truncate'],
  answer: ({ query, passages }) => ({
    rankings: ranked(
      (query as { text: string }).text,
      (passages as { text: string }[]).map(({ text }) => text),
      logitOf,
    ).map(({ index, score }) => ({ index, logit: score })),
    usage: { prompt_tokens: 60, total_tokens: 60 },
  }),
}

/** The pipeline `text-ranking` of the router of Hugging Face. */
export const huggingfaceWire: Wire = {
  path: '/hf-inference/models/some/reranker/pipeline/text-ranking',
  fields: ['inputs'],
  answer: ({ inputs }) => {
    const { query, texts } = inputs as { query: string; texts: string[] }
    return ranked(query, texts, probabilityOf)
  },
}

/** Speaks a wire format, and refuses what is not part of it. */
export function speaking(wire: Wire, { maxTexts = Infinity } = {}): Handler {
  return ({ path, body, method }: Seen, response) => {
    if (method === 'GET') return json(response, { error: 'Not Found' }, 404)
    if (path !== wire.path) return json(response, { message: `no such path: ${path}` }, 404)
    const fields = Object.keys(body as Body)
    const unknown = fields.filter((field) => !wire.fields.includes(field))
    if (unknown.length > 0) return json(response, { message: `unknown fields: ${unknown.join(', ')}` }, 422)
    const texts = Object.values(body as Body).find(Array.isArray)
    if ((texts?.length ?? 0) > maxTexts) return json(response, { error: 'batch size too large' }, 413)
    json(response, wire.answer(body as Body))
  }
}
