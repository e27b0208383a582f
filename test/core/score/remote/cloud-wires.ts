import { logitOf, probabilityOf, ranked, relevance, type Wire } from './dialects.ts'

/** The other side of the forms that several services share, and of the clouds' own. */

const strings = (value: unknown): string[] => value as string[]
const textsIn = (value: unknown): string[] => (value as { text: string }[]).map(({ text }) => text)

/** The form of Cohere at an address of one's own, with what OpenRouter adds: the documents, and what the request cost. */
export const cohereFormWire: Wire = {
  path: '/gateway/rerank',
  fields: ['model', 'query', 'documents', 'top_n', 'provider', 'instruction'],
  answer: ({ model, query, documents }) => ({
    id: 'gen-rerank-1',
    model,
    provider: 'Invented',
    results: ranked(query as string, strings(documents), probabilityOf).map(({ index, score }) => ({
      document: { text: strings(documents)[index] },
      index,
      relevance_score: score,
    })),
    usage: { cost: 0.25, search_units: 1, total_tokens: 70 },
  }),
}

/** The form of Voyage. */
export const voyageFormWire: Wire = {
  path: '/v1/rerank',
  fields: ['model', 'query', 'documents', 'top_k'],
  answer: ({ model, query, documents }) => ({
    object: 'list',
    data: relevance(ranked(query as string, strings(documents), logitOf)),
    model,
    usage: { total_tokens: 10 * strings(documents).length },
  }),
}

/** https://docs.isaacus.com/models/introduction */
export const isaacusWire: Wire = {
  path: '/v1/rerankings',
  fields: ['model', 'query', 'texts', 'top_n', 'is_iql', 'scoring_method', 'chunking_options'],
  answer: ({ query, texts }) => ({
    results: ranked(query as string, strings(texts), probabilityOf),
    usage: { input_tokens: 21 },
  }),
}

/** https://deepinfra.com/docs/inference: numbers in the order of the texts, one query for each. */
export const deepinfraWire: Wire = {
  path: '/v1/inference/Qwen/Qwen3-Reranker-8B',
  fields: ['queries', 'documents', 'instruction', 'service_tier', 'webhook'],
  answer: ({ queries, documents }) => ({
    scores: strings(documents).map((text, at) => probabilityOf(strings(queries)[at] as string, text)),
    input_tokens: 42,
    request_id: null,
    inference_status: { status: 'unknown', runtime_ms: 0, cost: 0.5, tokens_generated: 0, tokens_input: 42 },
  }),
}

/** The message `Rank` of google/cloud/discoveryengine/v1/rank_service.proto, as JSON. */
export const vertexWire: Wire = {
  path: '/v1/projects/a-project/locations/global/rankingConfigs/default_ranking_config:rank',
  fields: ['model', 'query', 'records', 'topN', 'ignoreRecordDetailsInResponse', 'userLabels'],
  answer: ({ query, records }) => {
    const texts = (records as { content: string }[]).map(({ content }) => content)
    return {
      records: ranked(query as string, texts, probabilityOf).map(({ index, score }) => ({ id: `${index}`, score })),
    }
  },
}

/** https://cloud.ibm.com/apidocs/watsonx-ai#text-rerank */
export const watsonxWire: Wire = {
  path: '/ml/v1/text/rerank?version=2024-05-31',
  fields: ['model_id', 'query', 'inputs', 'project_id', 'space_id', 'parameters'],
  answer: ({ model_id, query, inputs }) => ({
    model_id,
    results: ranked(query as string, textsIn(inputs), logitOf),
    created_at: '2026-11-30T08:00:00.000Z',
    input_token_count: 33,
  }),
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html */
export const bedrockWire: Wire = {
  path: '/rerank',
  fields: ['queries', 'sources', 'rerankingConfiguration', 'nextToken'],
  answer: ({ queries, sources }) => {
    const [{ textQuery }] = queries as [{ textQuery: { text: string } }]
    const texts = (sources as { inlineDocumentSource: { textDocument: { text: string } } }[]).map(
      ({ inlineDocumentSource }) => inlineDocumentSource.textDocument.text,
    )
    return {
      results: ranked(textQuery.text, texts, probabilityOf).map(({ index, score }) => ({
        index,
        relevanceScore: score,
      })),
    }
  },
}

/** https://developers.cloudflare.com/workers-ai/models/bge-reranker-base/, in the envelope of Cloudflare's API. */
export const workersAiWire: Wire = {
  path: '/client/v4/accounts/0123abcd/ai/run/@cf/baai/bge-reranker-base',
  fields: ['query', 'contexts', 'top_k'],
  answer: ({ query, contexts }) => ({
    result: {
      response: ranked(query as string, textsIn(contexts), probabilityOf).map(({ index, score }) => ({
        id: index,
        score,
      })),
    },
    success: true,
    errors: [],
    messages: [],
  }),
}
