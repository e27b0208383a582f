import { compatible } from '../../../../packages/core/src/score/remote/compatible.ts'
import { bedrock } from '../../../../packages/core/src/score/remote/vendors/bedrock.ts'
import { vertex } from '../../../../packages/core/src/score/remote/vendors/vertex.ts'
import { voyage } from '../../../../packages/core/src/score/remote/vendors/voyage.ts'
import { watsonx } from '../../../../packages/core/src/score/remote/vendors/watsonx.ts'
import { workersAi } from '../../../../packages/core/src/score/remote/vendors/workers-ai.ts'
import type { Case } from './cases.ts'
import * as wires from './cloud-wires.ts'
import { apiKey, nimWire, speaking, teiWire, voyageWire } from './dialects.ts'

const bearer = { authorization: `Bearer ${apiKey}` }
const documents = ['a', 'b']
const passages = [{ text: 'a' }, { text: 'b' }]

/** Services that speak a form that others have too, and those of the clouds. */
export const cloudCases: readonly Case[] = [
  {
    name: 'compatible, cohere',
    handler: speaking(wires.cohereFormWire),
    make: (url, more) => compatible({ url: `${url}/gateway/rerank`, form: 'cohere', model: 'm', apiKey, ...more }),
    scores: 'probability',
    path: '/gateway/rerank',
    body: { model: 'm', query: 'q', documents, top_n: 2 },
    headers: bearer,
    id: 'cohere:m@HOST/FINGERPRINT',
    stats: { requests: 1, searchUnits: 1, cost: 0.25 },
  },
  {
    name: 'compatible, cohere with more',
    handler: speaking(wires.cohereFormWire),
    make: (url, more) =>
      compatible({
        url: `${url}/gateway/rerank`,
        form: 'cohere',
        apiKey,
        keyHeader: 'api-key',
        instruction: 'Find laws.',
        instructionField: 'instruction',
        extraBody: { provider: { order: ['one'] } },
        pricePerSearchUnit: 3,
        ...more,
      }),
    scores: 'probability',
    path: '/gateway/rerank',
    body: { query: 'q', documents, top_n: 2, instruction: 'Find laws.', provider: { order: ['one'] } },
    headers: { 'api-key': apiKey },
    id: 'cohere:unnamed:x121e3a4c:i2ab01563@HOST/FINGERPRINT',
    stats: { requests: 1, searchUnits: 1, cost: 3 },
  },
  {
    name: 'compatible, voyage with logits',
    handler: speaking(wires.voyageFormWire),
    make: (url, more) =>
      compatible({ url: `${url}/v1/rerank`, form: 'voyage', model: 'm', scoreType: 'logit', ...more }),
    scores: 'logit',
    path: '/v1/rerank',
    body: { model: 'm', query: 'q', documents, top_k: 2 },
    headers: {},
    id: 'voyage:m:logit@HOST/FINGERPRINT',
    stats: { requests: 1, billedTokens: 20 },
  },
  {
    name: 'compatible, tei',
    handler: speaking(teiWire),
    make: (url, more) => compatible({ url: `${url}/rerank`, form: 'tei', ...more }),
    scores: 'probability',
    path: '/rerank',
    body: { query: 'q', texts: documents, raw_scores: false, return_text: false, truncate: true },
    headers: {},
    id: 'tei:unnamed@HOST/FINGERPRINT',
    stats: { requests: 1 },
  },
  {
    name: 'compatible, nim',
    handler: speaking(nimWire),
    make: (url, more) => compatible({ url: `${url}/v1/ranking`, form: 'nim', model: 'm', apiKey, ...more }),
    scores: 'logit',
    path: '/v1/ranking',
    body: { model: 'm', query: { text: 'q' }, passages, truncate: 'END' },
    headers: bearer,
    id: 'nim:m:logit@HOST/FINGERPRINT',
    stats: { requests: 1, tokens: 60 },
  },
  {
    name: 'compatible, isaacus',
    handler: speaking(wires.isaacusWire),
    make: (url, more) =>
      compatible({ preset: 'isaacus', url: `${url}/v1/rerankings`, model: 'kanon-2-reranker', apiKey, ...more }),
    scores: 'probability',
    path: '/v1/rerankings',
    body: { model: 'kanon-2-reranker', query: 'q', texts: documents },
    headers: bearer,
    id: 'isaacus:kanon-2-reranker@HOST/FINGERPRINT',
    stats: { requests: 1, billedTokens: 21 },
    blank: '.',
  },
  {
    name: 'compatible, deepinfra',
    handler: speaking(wires.deepinfraWire),
    make: (url, more) =>
      compatible({
        preset: 'deepinfra',
        url: `${url}/v1/inference/Qwen/Qwen3-Reranker-8B`,
        model: 'Qwen/Qwen3-Reranker-8B',
        apiKey,
        pricePerMillionTokens: 1e6,
        ...more,
      }),
    scores: 'probability',
    path: '/v1/inference/Qwen/Qwen3-Reranker-8B',
    body: { queries: ['q', 'q'], documents },
    headers: bearer,
    id: 'deepinfra:Qwen/Qwen3-Reranker-8B@HOST/FINGERPRINT',
    stats: { requests: 1, billedTokens: 42, cost: 42 },
  },
  {
    name: 'vertex',
    handler: speaking(wires.vertexWire),
    make: (url, more) =>
      vertex({ project: 'a-project', accessToken: async () => apiKey, baseUrl: url, pricePerSearchUnit: 2, ...more }),
    scores: 'probability',
    path: '/v1/projects/a-project/locations/global/rankingConfigs/default_ranking_config:rank',
    body: {
      model: 'semantic-ranker-default@latest',
      query: 'q',
      records: [
        { id: '0', content: 'a' },
        { id: '1', content: 'b' },
      ],
      ignoreRecordDetailsInResponse: true,
    },
    headers: { ...bearer, 'x-goog-user-project': 'a-project' },
    id: 'vertex:semantic-ranker-default@latest@HOST',
    stats: { requests: 1, searchUnits: 1, cost: 2 },
  },
  {
    name: 'watsonx',
    handler: speaking(wires.watsonxWire),
    make: (url, more) =>
      watsonx({ baseUrl: url, accessToken: apiKey, projectId: 'p', truncateInputTokens: 500, ...more }),
    scores: 'logit',
    path: '/ml/v1/text/rerank?version=2024-05-31',
    body: {
      model_id: 'cross-encoder/ms-marco-minilm-l-12-v2',
      query: 'q',
      inputs: passages,
      project_id: 'p',
      parameters: { truncate_input_tokens: 500, return_options: { inputs: false, query: false } },
    },
    headers: bearer,
    id: 'watsonx:cross-encoder/ms-marco-minilm-l-12-v2:logit:max500@HOST',
    stats: { requests: 1, billedTokens: 33 },
  },
  {
    name: 'bedrock',
    handler: speaking(wires.bedrockWire),
    make: (url, more) => bedrock({ region: 'eu-central-1', apiKey, baseUrl: url, pricePerSearchUnit: 2, ...more }),
    scores: 'probability',
    path: '/rerank',
    body: {
      queries: [{ type: 'TEXT', textQuery: { text: 'q' } }],
      sources: documents.map((text) => ({
        type: 'INLINE',
        inlineDocumentSource: { type: 'TEXT', textDocument: { text } },
      })),
      rerankingConfiguration: {
        type: 'BEDROCK_RERANKING_MODEL',
        bedrockRerankingConfiguration: {
          modelConfiguration: { modelArn: 'arn:aws:bedrock:eu-central-1::foundation-model/cohere.rerank-v3-5:0' },
          numberOfResults: 2,
        },
      },
    },
    headers: bearer,
    id: 'bedrock:cohere.rerank-v3-5:0@HOST',
    stats: { requests: 1, searchUnits: 1, cost: 2 },
  },
  {
    name: 'workers-ai',
    handler: speaking(wires.workersAiWire),
    make: (url, more) => workersAi({ accountId: '0123abcd', baseUrl: `${url}/client/v4`, apiKey, ...more }),
    scores: 'probability',
    path: '/client/v4/accounts/0123abcd/ai/run/@cf/baai/bge-reranker-base',
    body: { query: 'q', contexts: passages, top_k: 2 },
    headers: bearer,
    id: 'workers-ai:@cf/baai/bge-reranker-base@HOST/FINGERPRINT',
    stats: { requests: 1 },
  },
  {
    name: 'voyage, with an instruction',
    handler: speaking(voyageWire),
    make: (url, more) =>
      voyage({ apiKey, baseUrl: `${url}/v1`, model: 'rerank-2.5', instruction: 'Find laws.', ...more }),
    // The query that the other side sees is another.
    scores: 'told',
    path: '/v1/rerank',
    body: { model: 'rerank-2.5', query: 'Find laws.\nQuery: q', documents, return_documents: false, truncation: true },
    headers: bearer,
    id: 'voyage:rerank-2.5:i2ab01563@HOST',
    stats: { requests: 1, billedTokens: 20 },
  },
]
