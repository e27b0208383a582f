import type { RerankRequest } from './hosted.js'
import { type Answer, field } from './answers.js'

/** What the caller said about a server. */
export interface ServerSettings {
  readonly model: string | undefined
  /** Probabilities in 0..1, or logits that a sigmoid turns into them. */
  readonly scoreType: 'probability' | 'logit'
  /** Whether the server is to cut texts that are too long. */
  readonly truncate: boolean
}

/** How one kind of server speaks. */
export interface Dialect {
  /** The page that describes the wire format. */
  readonly docs: string
  /** Below the URL of the server. */
  path(url: string): string
  /** Texts per request, unless the caller says otherwise. */
  readonly maxTexts: number
  /** Where the server says how many texts it takes, and how to read that. */
  readonly info?: { readonly path: string; maxTexts(body: unknown): unknown }
  /**
   * What is known about scores. `'asks'`: the request says which type is wanted. `'caller'`: only the caller knows,
   * because it depends on the model. `'logit'`: always logits.
   */
  readonly scores: 'asks' | 'caller' | 'logit'
  readonly needsModel?: boolean
  /** Whether its body has the instruction of a request. */
  readonly takesInstruction?: boolean
  readonly fixes?: Readonly<Record<number, string>>
  body(request: RerankRequest, settings: ServerSettings): object
  answer(body: unknown): Answer
}

/** https://huggingface.co/docs/inference-providers; the pipeline `text-ranking`. */
interface HuggingFaceRequest {
  readonly inputs: { readonly query: string; readonly texts: readonly string[] }
}

/** Where the router serves a model. */
export function routerUrl(model: string): string {
  return `${routerOrigin}/hf-inference/models/${model}/pipeline/text-ranking`
}

/** Only there goes a token from the environment. */
export const routerOrigin = 'https://router.huggingface.co'

/** The router of Hugging Face. The answer is a bare list of `{ index, score }`; what the scores are is up to the model. */
export const huggingface: Dialect = {
  docs: 'https://huggingface.co/docs/inference-providers',
  path: () => '',
  maxTexts: 32,
  scores: 'caller',
  body: ({ query, texts }): HuggingFaceRequest => ({ inputs: { query, texts } }),
  answer: (body) => ({ rows: body, scoreKey: 'score' }),
}

/** https://michaelfeil.eu/infinity/latest/swagger_ui/ */
interface InfinityRequest {
  readonly model?: string
  readonly query: string
  readonly documents: readonly string[]
  readonly return_documents: false
  /** Logits instead of their sigmoid. */
  readonly raw_scores: boolean
}

/** Infinity. Newer versions answer with `results`, older ones with `data`. It takes 2048 texts at most. */
export const infinity: Dialect = {
  docs: 'https://michaelfeil.eu/infinity/latest/swagger_ui/',
  path: () => '/rerank',
  maxTexts: 256,
  scores: 'asks',
  body: ({ query, texts }, { model, scoreType }): InfinityRequest => ({
    ...(model !== undefined && { model }),
    query,
    documents: texts,
    return_documents: false,
    raw_scores: scoreType === 'logit',
  }),
  answer: (body) => ({
    rows: field(body, 'results') ?? field(body, 'data'),
    scoreKey: 'relevance_score',
    bill: { unit: 'tokens', units: field(body, 'usage', 'total_tokens') },
  }),
}

/** https://github.com/ggml-org/llama.cpp/tree/master/tools/server#post-reranking-rerank-documents-according-to-a-given-query */
interface LlamaCppRequest {
  readonly model?: string
  readonly query: string
  readonly documents: readonly string[]
  /** All of them: some builds take a missing number for none. */
  readonly top_n: number
}

/**
 * The server of llama.cpp, started with `--rerank`. What its scores are depends on the model: BERT-type rerankers give
 * logits, Qwen3 rerankers probabilities.
 */
export const llamacpp: Dialect = {
  docs: 'https://github.com/ggml-org/llama.cpp/tree/master/tools/server',
  path: () => '/rerank',
  maxTexts: 64,
  scores: 'caller',
  fixes: {
    501: 'it does not rerank; start it with --rerank',
    500: 'a text may be longer than its physical batch (raise --ubatch-size), or it failed; see providerMessage',
  },
  body: ({ query, texts }, { model }): LlamaCppRequest => ({
    ...(model !== undefined && { model }),
    query,
    documents: texts,
    top_n: texts.length,
  }),
  answer: (body) => ({
    rows: field(body, 'results'),
    scoreKey: 'relevance_score',
    bill: { unit: 'tokens', units: field(body, 'usage', 'total_tokens') },
  }),
}

/** https://docs.nvidia.com/nim/nemo-retriever/text-reranking/latest/using-reranking.html */
interface NimRequest {
  readonly model: string | undefined
  readonly query: { readonly text: string }
  readonly passages: readonly { readonly text: string }[]
  readonly truncate: 'END' | 'NONE'
}

/** NVIDIA NIM for reranking. It always answers with logits. */
export const nim: Dialect = {
  docs: 'https://docs.nvidia.com/nim/nemo-retriever/text-reranking/latest/using-reranking.html',
  path: (url) => (/\/v1\/?$/.test(new URL(url).pathname) ? '/ranking' : '/v1/ranking'),
  maxTexts: 256,
  scores: 'logit',
  needsModel: true,
  body: ({ query, texts }, { model, truncate }): NimRequest => ({
    model,
    query: { text: query },
    passages: texts.map((text) => ({ text })),
    truncate: truncate ? 'END' : 'NONE',
  }),
  answer: (body) => ({
    rows: field(body, 'rankings'),
    scoreKey: 'logit',
    bill: { unit: 'tokens', units: field(body, 'usage', 'total_tokens') },
  }),
}

/** https://huggingface.github.io/text-embeddings-inference/#/Text%20Embeddings%20Inference/rerank */
interface TeiRequest {
  readonly query: string
  readonly texts: readonly string[]
  /** Logits instead of their sigmoid. */
  readonly raw_scores: boolean
  readonly return_text: false
  /** Without it a text that is too long is an error. */
  readonly truncate: boolean
}

/** Text Embeddings Inference. The answer is a bare list of `{ index, score }`. */
export const tei: Dialect = {
  docs: 'https://huggingface.github.io/text-embeddings-inference/',
  path: () => '/rerank',
  maxTexts: 32,
  info: { path: '/info', maxTexts: (body) => field(body, 'max_client_batch_size') },
  scores: 'asks',
  fixes: {
    413: 'the request holds more texts or tokens than the server takes; set maxTexts to its --max-client-batch-size',
    422: 'the request was refused; set maxTexts to the --max-client-batch-size of the server, and see providerMessage',
    424: 'its model does not rerank; start it with a reranker (a sequence classifier with one label)',
    429: 'it is overloaded; lower concurrency, or raise its --max-concurrent-requests',
  },
  body: ({ query, texts }, { scoreType, truncate }): TeiRequest => ({
    query,
    texts,
    raw_scores: scoreType === 'logit',
    return_text: false,
    truncate,
  }),
  answer: (body) => ({ rows: body, scoreKey: 'score' }),
}

/** What the two endpoints share. https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#re-rank-api */
interface VllmCommon {
  readonly model?: string
  /** -1: cut to what the model reads. Without it a text that is too long is an error. */
  readonly truncate_prompt_tokens?: -1
  /** Logits; left out for the default, activated scores. */
  readonly use_activation?: false
}

interface VllmRerankRequest extends VllmCommon {
  /** Put where the chat template of the model has it. */
  readonly instruction?: string
  readonly query: string
  readonly documents: readonly string[]
}

/** https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#score-api */
interface VllmScoreRequest extends VllmCommon {
  readonly text_1: string
  readonly text_2: readonly string[]
}

const common = ({ model, scoreType, truncate }: ServerSettings): VllmCommon => ({
  ...(model !== undefined && { model }),
  ...(truncate && { truncate_prompt_tokens: -1 }),
  ...(scoreType === 'logit' && { use_activation: false }),
})

/** vLLM's `/rerank`, which is there with and without `/v1` before it. It sends the texts back, whatever is asked. */
export const vllm: Dialect = {
  docs: 'https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#re-rank-api',
  path: () => '/rerank',
  maxTexts: 256,
  scores: 'asks',
  takesInstruction: true,
  body: ({ query, texts, instruction }, settings): VllmRerankRequest => ({
    query,
    documents: texts,
    ...(instruction !== undefined && { instruction }),
    ...common(settings),
  }),
  answer: (body) => ({
    rows: field(body, 'results'),
    scoreKey: 'relevance_score',
    bill: { unit: 'tokens', units: field(body, 'usage', 'total_tokens') },
  }),
}

/** vLLM's `/score`. */
export const vllmScore: Dialect = {
  ...vllm,
  takesInstruction: false,
  docs: 'https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#score-api',
  path: () => '/score',
  body: ({ query, texts }, settings): VllmScoreRequest => ({ text_1: query, text_2: texts, ...common(settings) }),
  answer: (body) => ({
    rows: field(body, 'data'),
    scoreKey: 'score',
    bill: { unit: 'tokens', units: field(body, 'usage', 'total_tokens') },
  }),
}
