import { cohere } from '../../../../packages/core/src/score/remote/vendors/cohere.ts'
import { jina } from '../../../../packages/core/src/score/remote/vendors/jina.ts'
import { mixedbread } from '../../../../packages/core/src/score/remote/vendors/mixedbread.ts'
import type { HostedOptions } from '../../../../packages/core/src/score/remote/hosted.ts'
import { pinecone } from '../../../../packages/core/src/score/remote/vendors/pinecone.ts'
import type { RemoteScorer } from '../../../../packages/core/src/score/remote/engine.ts'
import { server } from '../../../../packages/core/src/score/remote/server.ts'
import { voyage } from '../../../../packages/core/src/score/remote/vendors/voyage.ts'
import { cloudCases } from './cloud-cases.ts'
import * as wires from './dialects.ts'
import { apiKey } from './dialects.ts'
import { type Handler, type StubServer, stubServer } from './stub-server.ts'

export { apiKey } from './dialects.ts'

/** A scorer of this folder with the server that speaks its dialect, and what the two must say to each other. */
export interface Case {
  readonly name: string
  readonly handler: Handler
  make(url: string, more?: HostedOptions): RemoteScorer
  /** `'told'`: probabilities for the query with the instruction before it. */
  readonly scores: 'probability' | 'logit' | 'told'
  /** What must stand on the wire for the query `q` and the texts `a` and `b`. */
  readonly path: string
  readonly body: object
  /** Besides `content-type`. */
  readonly headers: Readonly<Record<string, string>>
  /** With HOST where the host stands, and FINGERPRINT where what tells its path apart does. */
  readonly id: string
  readonly stats: Readonly<Record<string, number>>
  /** What stands for an empty text. Default: a space. */
  readonly blank?: string
}

const bearer = { authorization: `Bearer ${apiKey}` }
const documents = ['a', 'b']

/** One of a vendor. */
const vendors: readonly Case[] = [
  {
    name: 'cohere',
    handler: wires.speaking(wires.cohereWire),
    make: (url, more) => cohere({ apiKey, baseUrl: url, pricePerMillionTokens: 50_000, ...more }),
    scores: 'probability',
    path: '/v2/rerank',
    body: { model: 'rerank-v5.0-pro', query: 'q', documents },
    headers: bearer,
    id: 'cohere:rerank-v5.0-pro@HOST',
    stats: { requests: 1, billedTokens: 16, cost: 0.8 },
  },
  {
    name: 'cohere, v3.5',
    handler: wires.speaking(wires.cohereWire),
    make: (url, more) =>
      cohere({
        apiKey,
        baseUrl: url,
        model: 'rerank-v3.5',
        pricePerSearchUnit: 0.002,
        pricePerMillionTokens: 9,
        ...more,
      }),
    scores: 'probability',
    path: '/v2/rerank',
    body: { model: 'rerank-v3.5', query: 'q', documents },
    headers: bearer,
    id: 'cohere:rerank-v3.5@HOST',
    stats: { requests: 1, searchUnits: 1, cost: 0.002 },
  },
  {
    name: 'cohere, with relevant spans',
    handler: wires.speaking(wires.cohereWire),
    make: (url, more) => cohere({ apiKey, baseUrl: url, relevantSpans: true, ...more }),
    scores: 'probability',
    path: '/v2/rerank',
    body: { model: 'rerank-v5.0-pro', query: 'q', documents, relevant_spans: { mode: 'enabled', max_spans: 1 } },
    headers: bearer,
    id: 'cohere:rerank-v5.0-pro@HOST',
    stats: { requests: 1, billedTokens: 16 },
  },
  {
    name: 'cohere, v4 with a limit on documents',
    handler: wires.speaking(wires.cohereWire),
    make: (url, more) => cohere({ apiKey, baseUrl: url, model: 'rerank-v4.0-pro', maxTokensPerDoc: 512, ...more }),
    scores: 'probability',
    path: '/v2/rerank',
    body: { model: 'rerank-v4.0-pro', query: 'q', documents, max_tokens_per_doc: 512 },
    headers: bearer,
    id: 'cohere:rerank-v4.0-pro:max512@HOST',
    stats: { requests: 1, searchUnits: 1 },
  },
  {
    name: 'voyage',
    handler: wires.speaking(wires.voyageWire),
    make: (url, more) => voyage({ apiKey, baseUrl: `${url}/v1`, pricePerMillionTokens: 50_000, ...more }),
    scores: 'probability',
    path: '/v1/rerank',
    body: { model: 'rerank-3', query: 'q', documents, return_documents: false, truncation: true },
    headers: bearer,
    id: 'voyage:rerank-3@HOST',
    stats: { requests: 1, billedTokens: 20, cost: 1 },
  },
  {
    name: 'jina, each text by itself',
    handler: wires.speaking(wires.jinaWire),
    make: (url, more) => jina({ apiKey, baseUrl: `${url}/v1`, model: 'jina-reranker-v2-base-multilingual', ...more }),
    scores: 'probability',
    path: '/v1/rerank',
    body: { model: 'jina-reranker-v2-base-multilingual', query: 'q', documents, top_n: 2, return_documents: false },
    headers: bearer,
    id: 'jina:jina-reranker-v2-base-multilingual@HOST',
    stats: { requests: 1, billedTokens: 20 },
  },
  {
    name: 'jina, all texts together',
    handler: wires.speaking(wires.jinaWire),
    make: (url, more) => jina({ apiKey, baseUrl: `${url}/v1/`, ...more }),
    scores: 'probability',
    path: '/v1/rerank',
    body: { model: 'jina-reranker-v3.5', query: 'q', documents, top_n: 2, return_documents: false },
    headers: bearer,
    id: 'jina:jina-reranker-v3.5@HOST',
    stats: { requests: 1, billedTokens: 20 },
  },
  {
    name: 'mixedbread',
    handler: wires.speaking(wires.mixedbreadWire),
    make: (url, more) => mixedbread({ apiKey, baseUrl: url, ...more }),
    scores: 'probability',
    path: '/v1/reranking',
    body: { model: 'mixedbread-ai/mxbai-rerank-large-v2', query: 'q', input: documents, top_k: 2, return_input: false },
    headers: bearer,
    id: 'mixedbread:mixedbread-ai/mxbai-rerank-large-v2@HOST',
    stats: { requests: 1, billedTokens: 20 },
  },
  {
    name: 'pinecone',
    handler: wires.speaking(wires.pineconeWire),
    make: (url, more) => pinecone({ apiKey, baseUrl: url, pricePerRerankUnit: 0.5, ...more }),
    scores: 'probability',
    path: '/rerank',
    body: {
      model: 'bge-reranker-v2-m3',
      query: 'q',
      documents: [{ text: 'a' }, { text: 'b' }],
      top_n: 2,
      return_documents: false,
      parameters: { truncate: 'END' },
    },
    headers: { 'api-key': apiKey, 'x-pinecone-api-version': '2026-07' },
    id: 'pinecone:bge-reranker-v2-m3@HOST',
    stats: { requests: 1, rerankUnits: 1, cost: 0.5 },
  },
]

/** A server of one's own; `maxTexts` spares TEI its question. */
const servers: readonly Case[] = [
  {
    name: 'server, tei',
    handler: wires.speaking(wires.teiWire),
    make: (url, more) => server({ dialect: 'tei', url, apiKey, maxTexts: 32, ...more }),
    scores: 'probability',
    path: '/rerank',
    body: { query: 'q', texts: documents, raw_scores: false, return_text: false, truncate: true },
    headers: bearer,
    id: 'tei:unnamed:probability@HOST',
    stats: { requests: 1 },
  },
  {
    name: 'server, tei with logits',
    handler: wires.speaking(wires.teiWire),
    make: (url, more) => server({ dialect: 'tei', url, maxTexts: 32, scoreType: 'logit', truncate: false, ...more }),
    scores: 'logit',
    path: '/rerank',
    body: { query: 'q', texts: documents, raw_scores: true, return_text: false, truncate: false },
    headers: {},
    id: 'tei:unnamed:logit:untruncated@HOST',
    stats: { requests: 1 },
  },
  {
    name: 'server, vllm',
    handler: wires.speaking(wires.vllmWire),
    make: (url, more) => server({ dialect: 'vllm', url, model: 'BAAI/bge-reranker-v2-m3', ...more }),
    scores: 'probability',
    path: '/rerank',
    body: { model: 'BAAI/bge-reranker-v2-m3', query: 'q', documents, truncate_prompt_tokens: -1 },
    headers: {},
    id: 'vllm:BAAI/bge-reranker-v2-m3:probability@HOST',
    stats: { requests: 1, tokens: 56 },
  },
  {
    name: 'server, vllm with an instruction',
    handler: wires.speaking(wires.vllmWire),
    make: (url, more) => server({ dialect: 'vllm', url, model: 'm', instruction: 'Find laws.', ...more }),
    scores: 'probability',
    path: '/rerank',
    body: { model: 'm', query: 'q', documents, instruction: 'Find laws.', truncate_prompt_tokens: -1 },
    headers: {},
    id: 'vllm:m:probability:i2ab01563@HOST',
    stats: { requests: 1, tokens: 56 },
  },
  {
    name: 'server, vllm /score with logits',
    handler: wires.speaking(wires.vllmScoreWire),
    make: (url, more) => server({ dialect: 'vllm-score', url, model: 'm', scoreType: 'logit', ...more }),
    scores: 'logit',
    path: '/score',
    body: { model: 'm', text_1: 'q', text_2: documents, truncate_prompt_tokens: -1, use_activation: false },
    headers: {},
    id: 'vllm-score:m:logit@HOST',
    stats: { requests: 1, tokens: 56 },
  },
  {
    name: 'server, infinity',
    handler: wires.speaking(wires.infinityWire),
    make: (url, more) => server({ dialect: 'infinity', url, model: 'm', scoreType: 'logit', ...more }),
    scores: 'logit',
    path: '/rerank',
    body: { model: 'm', query: 'q', documents, return_documents: false, raw_scores: true },
    headers: {},
    id: 'infinity:m:logit@HOST',
    stats: { requests: 1, tokens: 300 },
  },
  {
    name: 'server, infinity of old',
    handler: wires.speaking(wires.oldInfinityWire),
    make: (url, more) => server({ dialect: 'infinity', url, ...more }),
    scores: 'probability',
    path: '/rerank',
    body: { query: 'q', documents, return_documents: false, raw_scores: false },
    headers: {},
    id: 'infinity:unnamed:probability@HOST',
    stats: { requests: 1, tokens: 300 },
  },
  {
    name: 'server, llamacpp',
    handler: wires.speaking(wires.llamacppWire),
    make: (url, more) => server({ dialect: 'llamacpp', url, scoreType: 'logit', ...more }),
    scores: 'logit',
    path: '/rerank',
    body: { query: 'q', documents, top_n: 2 },
    headers: {},
    id: 'llamacpp:unnamed:logit@HOST',
    stats: { requests: 1, tokens: 41 },
  },
  {
    name: 'server, nim',
    handler: wires.speaking(wires.nimWire),
    make: (url, more) => server({ dialect: 'nim', url: `${url}/v1`, model: 'nvidia/some-rerank', ...more }),
    scores: 'logit',
    path: '/v1/ranking',
    body: {
      model: 'nvidia/some-rerank',
      query: { text: 'q' },
      passages: [{ text: 'a' }, { text: 'b' }],
      truncate: 'END',
    },
    headers: {},
    id: 'nim:nvidia/some-rerank:logit@HOST',
    stats: { requests: 1, tokens: 60 },
  },
  {
    name: 'server, huggingface',
    handler: wires.speaking(wires.huggingfaceWire),
    make: (url, more) =>
      server({
        dialect: 'huggingface',
        url: `${url}/hf-inference/models/some/reranker/pipeline/text-ranking`,
        model: 'some/reranker',
        scoreType: 'probability',
        apiKey,
        ...more,
      }),
    scores: 'probability',
    path: '/hf-inference/models/some/reranker/pipeline/text-ranking',
    body: { inputs: { query: 'q', texts: documents } },
    headers: bearer,
    id: 'huggingface:some/reranker:probability@HOST',
    stats: { requests: 1 },
  },
]

export const cases: readonly Case[] = [...vendors, ...servers, ...cloudCases]

/** The server of a case and its scorer, for the length of one test. */
export async function opened({ handler, make }: Case, more?: HostedOptions): Promise<Opened> {
  const stub = await stubServer(handler)
  const scorer = make(stub.url, more)
  return {
    stub,
    scorer,
    async [Symbol.asyncDispose]() {
      await scorer.close()
      stub.die()
    },
  }
}

export interface Opened extends AsyncDisposable {
  readonly stub: StubServer
  readonly scorer: RemoteScorer
}
