import type { Dialect, RequestError, RerankRequest } from './request.js'

/** One document with its score. */
export interface Row {
  /** 0-based place in the request. */
  readonly index: number
  /** From 0 to 1. */
  readonly score: number
  /** The number behind the score, for those who ask for it. */
  readonly logit: number
}

/** What an answer says besides its rows. */
export interface AnswerContext {
  readonly requestId: string
  /** The model, by the name it is served under. */
  readonly model: string
  /** Tokens that were read for it; 0 where nobody counts them. */
  readonly tokens: number
}

/**
 * The answer in the form that the client reads. `rows` are best first, as many as are sent. Those of the documents form hold
 * `results` (Cohere, Jina, vLLM and most others) as well as `data` (Voyage, Mixedbread, OpenAI-like): every client indexes
 * by name and passes over the rest.
 */
export function answerOf(request: RerankRequest, rows: readonly Row[], context: AnswerContext): object {
  const valueOf = ({ score, logit }: Row): number => (request.wantsLogits ? logit : score)
  const numbered = rows.map((row) => ({ index: row.index, value: valueOf(row) }))
  const answer = { request, numbered, context }
  switch (request.dialect) {
    case 'tei': {
      return teiRows(answer)
    }
    case 'nim': {
      const { tokens } = context
      const rankings = numbered.map(({ index, value }) => ({ index, logit: value }))
      return { rankings, usage: { prompt_tokens: tokens, total_tokens: tokens } }
    }
    case 'score': {
      return scores(answer)
    }
    case 'dashscope': {
      const { requestId: request_id, tokens } = context
      return { output: { results: results(answer) }, usage: { total_tokens: tokens }, request_id }
    }
    case 'candidates': {
      return ofCandidates(answer)
    }
    default: {
      return ofDocuments(answer)
    }
  }
}

interface Answer {
  readonly request: RerankRequest
  readonly numbered: readonly { readonly index: number; readonly value: number }[]
  readonly context: AnswerContext
}

function teiRows({ request: { returnDocuments, texts }, numbered }: Answer): object {
  return numbered.map(({ index, value }) => ({ index, score: value, ...(returnDocuments && { text: texts[index] }) }))
}

function scores({ numbered, context }: Answer): object {
  const { requestId: id, model, tokens } = context
  const inOrder = numbered.toSorted((a, b) => a.index - b.index)
  const data = inOrder.map(({ index, value }) => ({ index, object: 'score', score: value }))
  return { id, object: 'list', created: seconds(), model, data, usage: usage(tokens) }
}

function ofCandidates({ request: { profile, documents }, numbered, context: { model } }: Answer): object {
  const rows = numbered.map(({ index, value }) => ({ id: idOf(documents[index]), index, score: value }))
  return { profile, model, results: rows }
}

function idOf(document: unknown): unknown {
  return typeof document === 'object' && document !== null ? (document as { readonly id?: unknown }).id : undefined
}

function ofDocuments(answer: Answer): object {
  const { request, numbered, context } = answer
  const { requestId: id, model, tokens } = context
  const data = numbered.map(({ index, value }) => ({
    index,
    object: 'rerank.score',
    relevance_score: value,
    score: value,
    ...(request.returnDocuments && { document: request.texts[index] }),
  }))
  return {
    id,
    object: 'list',
    model,
    results: results(answer),
    data,
    usage: usage(tokens),
    meta: {
      api_version: { version: '2' },
      billed_units: { search_units: 1 },
      tokens: { input_tokens: tokens, output_tokens: 0 },
    },
  }
}

function results({ request, numbered }: Answer): object[] {
  const { dialect, documents, texts, returnDocuments } = request
  const echo = (index: number): unknown => {
    // Dify's plugin for Ollama takes the document for a string and does not ask for it.
    if (dialect === 'ollama') return texts[index]
    const document = documents[index]
    return typeof document === 'string' ? { text: document } : document
  }
  const isEchoed = returnDocuments || dialect === 'ollama'
  return numbered.map(({ index, value }) => ({
    index,
    relevance_score: value,
    ...(isEchoed && { document: echo(index) }),
  }))
}

function usage(tokens: number): object {
  return { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens }
}

function seconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** What went wrong, as a word of Text Embeddings Inference, by status; 4xx that are not listed are `Validation`. */
const TEI_TYPES: Readonly<Record<number, string>> = {
  424: 'Backend',
  429: 'Overloaded',
  500: 'Backend',
  502: 'Backend',
  503: 'Unhealthy',
  504: 'Overloaded',
}

/** The same as a word of OpenAI's and Anthropic's kind of API. */
const KINDS: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

/**
 * The body of an error. That of the documents form has the message where Cohere, Jina and Voyage, and OpenAI's
 * descendants have theirs. Where the dialect is not known yet, it has it where they and Text Embeddings Inference have it.
 */
export function errorBody(dialect: Dialect | undefined, error: RequestError, requestId: string): object {
  const { status, message } = error
  const ofTei = { error: message, error_type: TEI_TYPES[status] ?? 'Validation' }
  if (dialect === 'tei') return ofTei
  if (dialect === undefined) return { id: requestId, message, detail: message, ...ofTei }
  if (dialect === 'ollama' || dialect === 'nim') return { error: message }
  const type = KINDS[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error')
  if (dialect === 'dashscope') return { code: type, message, request_id: requestId }
  return { id: requestId, message, detail: message, error: { message, type, code: status } }
}

/** What `GET /info` says, by the names of Text Embeddings Inference; Dify's plugin for it saves no model without it. */
export function infoBody(facts: {
  readonly model: string
  readonly maxLength: number
  readonly maxDocuments: number
  readonly maxQueued: number
  readonly version: string
}): object {
  const { model, maxLength, maxDocuments, maxQueued, version } = facts
  return {
    model_id: model,
    served_model_name: model,
    model_sha: null,
    model_dtype: 'auto',
    // Dify takes the first key for the kind of the model.
    model_type: { reranker: { id2label: { '0': 'LABEL_0' }, label2id: { LABEL_0: 0 } } },
    max_concurrent_requests: maxQueued,
    max_input_length: maxLength,
    max_batch_tokens: maxLength,
    max_batch_requests: null,
    max_client_batch_size: maxDocuments,
    auto_truncate: true,
    tokenization_workers: 1,
    version,
  }
}

/** What `GET /v1/models` says; Continue reads `max_model_len` of the first. */
export function modelsBody({ model, maxLength }: { readonly model: string; readonly maxLength: number }): object {
  const entry = { id: model, object: 'model', created: 0, owned_by: 'secondpass', max_model_len: maxLength }
  return { object: 'list', data: [entry] }
}
