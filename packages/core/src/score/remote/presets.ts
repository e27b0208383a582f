import type { RequestLimits } from './hosted.js'
import type { FormName } from './forms.js'

/** The services that `compatible` knows by name. */
export type PresetName =
  | 'azure'
  | 'contextual'
  | 'dashscope'
  | 'deepinfra'
  | 'fireworks'
  | 'isaacus'
  | 'novita'
  | 'nvidia'
  | 'openrouter'
  | 'scaleway'
  | 'siliconflow'
  | 'siliconflow-cn'
  | 'together'
  | 'zeroentropy'

/** How a service is asked: a row of the table below. */
export interface Preset {
  readonly form: FormName
  /** Where it is. Missing: everyone has an address of their own, and must pass it. */
  readonly url?: string | ((model: string) => string)
  /** The page that describes the request. */
  readonly docs: string
  readonly keyVariables: readonly string[]
  /** The header of the key. Default: `authorization`, with `Bearer` before it. */
  readonly keyHeader?: 'api-key'
  readonly limits: RequestLimits
  /** A model, for messages. */
  readonly example: string
  readonly extraBody?: Readonly<Record<string, unknown>>
  /** The field for an instruction, for the models that take one. Missing: none does. */
  readonly instructionField?: string
  readonly instructionModels?: RegExp
  /** Puts an instruction into the query, where the models read it there. */
  readonly asked?: (query: string, instruction: string) => string
}

/** Where a service states no limit: a request of a thousand texts is large enough. */
const LARGE = { maxTexts: 1000 } as const
const withoutDocuments = { return_documents: false } as const
const qwen3 = /qwen3-reranker|qwen3-rerank|qwen3\.\d+-text-rerank/i

/**
 * Services that speak one of the forms. Each was read in the client that the service publishes or in its own pages; a test
 * holds the request of each to that. `docs/providers.md` says when, and which source.
 */
export const presets: Readonly<Record<PresetName, Preset>> = {
  azure: {
    form: 'cohere',
    docs: 'https://docs.cohere.com/docs/cohere-on-microsoft-azure',
    keyVariables: ['AZURE_AI_API_KEY'],
    keyHeader: 'api-key',
    limits: LARGE,
    example: 'cohere-rerank-v4.0-pro',
  },
  contextual: {
    form: 'cohere',
    url: 'https://api.contextual.ai/v1/rerank',
    docs: 'https://docs.contextual.ai/api-reference/rerank/rerank',
    keyVariables: ['CONTEXTUAL_API_KEY'],
    // A tenth below the limit of 400,000: the tokens are estimated.
    limits: { ...LARGE, maxTokens: 360_000, maxPairTokens: 8000 },
    example: 'ctxl-rerank-v2-instruct-multilingual',
    instructionField: 'instruction',
  },
  dashscope: {
    form: 'cohere',
    url: 'https://dashscope.aliyuncs.com/compatible-api/v1/reranks',
    docs: 'https://www.alibabacloud.com/help/en/model-studio/text-rerank-api',
    keyVariables: ['DASHSCOPE_API_KEY'],
    // A tenth below the limit of 120,000; query and text have 4,000 each.
    limits: { maxTexts: 500, maxTokens: 108_000, maxPairTokens: 8000 },
    example: 'qwen3-rerank',
    instructionField: 'instruct',
    instructionModels: qwen3,
  },
  deepinfra: {
    form: 'deepinfra',
    url: (model) => `https://api.deepinfra.com/v1/inference/${model}`,
    docs: 'https://deepinfra.com/docs/inference',
    keyVariables: ['DEEPINFRA_API_KEY'],
    limits: LARGE,
    example: 'Qwen/Qwen3-Reranker-8B',
    instructionField: 'instruction',
  },
  fireworks: {
    form: 'cohere',
    url: 'https://api.fireworks.ai/inference/v1/rerank',
    docs: 'https://docs.fireworks.ai/inference-api-reference/rerank',
    keyVariables: ['FIREWORKS_API_KEY'],
    limits: LARGE,
    example: 'fireworks/qwen3-reranker-8b',
    extraBody: withoutDocuments,
  },
  isaacus: {
    form: 'isaacus',
    url: 'https://api.isaacus.com/v1/rerankings',
    docs: 'https://docs.isaacus.com/models/introduction',
    keyVariables: ['ISAACUS_API_KEY'],
    limits: LARGE,
    example: 'kanon-2-reranker',
  },
  novita: {
    form: 'cohere',
    url: 'https://api.novita.ai/openai/v1/rerank',
    docs: 'https://novita.ai/docs/api-reference/model-apis-llm-create-rerank',
    keyVariables: ['NOVITA_API_KEY'],
    limits: LARGE,
    example: 'baai/bge-reranker-v2-m3',
  },
  nvidia: {
    form: 'nim',
    url: (model) => `https://ai.api.nvidia.com/v1/retrieval/${model.replaceAll('.', '_')}/reranking`,
    docs: 'https://docs.api.nvidia.com/nim/reference/nvidia-llama-3_2-nv-rerankqa-1b-v2-infer',
    keyVariables: ['NVIDIA_API_KEY', 'NVIDIA_NIM_API_KEY'],
    limits: { maxTexts: 256 },
    example: 'nvidia/llama-3.2-nv-rerankqa-1b-v2',
  },
  openrouter: {
    form: 'cohere',
    url: 'https://openrouter.ai/api/v1/rerank',
    docs: 'https://openrouter.ai/docs/api-reference/rerank',
    keyVariables: ['OPENROUTER_API_KEY'],
    limits: LARGE,
    example: 'cohere/rerank-5-pro',
  },
  scaleway: {
    form: 'cohere',
    url: 'https://api.scaleway.ai/v1/rerank',
    docs: 'https://www.scaleway.com/en/developers/api/generative-apis/',
    keyVariables: ['SCW_SECRET_KEY'],
    limits: LARGE,
    example: 'qwen3-embedding-8b',
  },
  siliconflow: {
    form: 'cohere',
    url: 'https://api.siliconflow.com/v1/rerank',
    docs: 'https://docs.siliconflow.com/en/api-reference/rerank/create-rerank',
    keyVariables: ['SILICONFLOW_API_KEY'],
    limits: LARGE,
    example: 'Qwen/Qwen3-Reranker-8B',
    extraBody: withoutDocuments,
  },
  'siliconflow-cn': {
    form: 'cohere',
    url: 'https://api.siliconflow.cn/v1/rerank',
    docs: 'https://docs.siliconflow.cn/en/api-reference/rerank/create-rerank',
    keyVariables: ['SILICONFLOW_API_KEY'],
    limits: LARGE,
    example: 'Qwen/Qwen3-Reranker-8B',
    extraBody: withoutDocuments,
    instructionField: 'instruction',
    instructionModels: qwen3,
  },
  together: {
    form: 'cohere',
    url: 'https://api.together.ai/v1/rerank',
    docs: 'https://docs.together.ai/reference/rerank',
    keyVariables: ['TOGETHER_API_KEY'],
    limits: LARGE,
    example: 'mixedbread-ai/Mxbai-Rerank-Large-V2',
    extraBody: withoutDocuments,
  },
  zeroentropy: {
    form: 'cohere',
    url: 'https://api.zeroentropy.dev/v1/models/rerank',
    docs: 'https://docs.zeroentropy.dev/api-reference/models/rerank',
    keyVariables: ['ZEROENTROPY_API_KEY'],
    limits: LARGE,
    example: 'zerank-2',
    instructionModels: /^zerank-2$/,
    asked: (query, instruction) => `<query>${query}</query>\n<instructions>${instruction}</instructions>`,
  },
}

export const presetNames: readonly PresetName[] = Object.keys(presets) as readonly PresetName[]

/** Whether requests for a model may carry an instruction. */
export function takesInstruction(preset: Preset, model: string | undefined): boolean {
  const { instructionField, asked, instructionModels = /(?:)/ } = preset
  return (instructionField !== undefined || asked !== undefined) && instructionModels.test(model ?? '')
}
