import type { Scorer } from '@secondpass/core'
import { type CallLog, compressorOf, type DocumentCompressor } from './compressor.js'

/** What is used of n8n while it asks for the reranker: by shape, since n8n itself is not to be installed twice. */
interface Supply {
  getNodeParameter(name: string, itemIndex: number, fallback?: unknown): unknown
  addInputData(connectionType: typeof RERANKER, data: Items): { readonly index: number }
  addOutputData(connectionType: typeof RERANKER, place: number, data: Items): void
}

type Items = { json: Record<string, never> }[][]

/** `NodeConnectionTypes.AiReranker` of n8n-workflow. */
const RERANKER = 'ai_reranker' as const

/** Models stay loaded from one run of a workflow to the next. */
const scorers = new Map<string, Promise<Scorer>>()

/** The description that n8n shows; a test holds it to the types of n8n-workflow. */
const description = {
  displayName: 'Reranker Secondpass',
  name: 'rerankerSecondpass',
  icon: { light: 'file:../icons/secondpass.svg', dark: 'file:../icons/secondpass.dark.svg' },
  group: ['transform'],
  version: 1,
  description: 'Orders the documents of a vector store with a model that reads each of them together with the query',
  subtitle: '={{$parameter["model"]}}',
  defaults: { name: 'Reranker Secondpass' },
  codex: { categories: ['AI'], subcategories: { AI: ['Rerankers'] } },
  inputs: [],
  outputs: [RERANKER],
  outputNames: ['Reranker'],
  properties: [
    {
      displayName: 'Model',
      name: 'model',
      type: 'options',
      default: 'bundled',
      noDataExpression: true,
      options: [
        { name: 'Bundled (English)', value: 'bundled', description: 'Runs inside n8n, without a key or a network' },
        { name: 'Server', value: 'server', description: 'A rerank server of your own, by its address' },
      ],
    },
    {
      displayName: 'Server URL',
      name: 'serverUrl',
      type: 'string',
      default: '',
      required: true,
      placeholder: 'http://localhost:8080',
      description: 'Where Text Embeddings Inference, vLLM, Infinity or NIM answers',
      displayOptions: { show: { model: ['server'] } },
    },
    {
      displayName: 'Protocol',
      name: 'dialect',
      type: 'options',
      default: 'tei',
      noDataExpression: true,
      description: 'Which server it is',
      options: [
        { name: 'Infinity', value: 'infinity' },
        { name: 'NVIDIA NIM', value: 'nim' },
        { name: 'Text Embeddings Inference', value: 'tei' },
        { name: 'vLLM', value: 'vllm' },
      ],
      displayOptions: { show: { model: ['server'] } },
    },
    {
      displayName: 'Top N',
      name: 'topN',
      type: 'number',
      default: 3,
      typeOptions: { minValue: 1 },
      description: 'Max number of documents to return',
    },
    {
      displayName: 'Deadline (Ms)',
      name: 'deadlineMs',
      type: 'number',
      default: 0,
      typeOptions: { minValue: 0 },
      description: 'Time for one query; when it passes, the documents come back in the order they had. 0: none.',
    },
  ],
} as const

/** The node: gives a vector store with "Rerank Results" a reranker. */
export class RerankerSecondpass {
  readonly description: typeof description = description

  async supplyData(this: Supply, itemIndex: number): Promise<{ response: DocumentCompressor }> {
    const { createReranker } = await import('@secondpass/core')
    const scorer = await scorerOf(this, itemIndex)
    const topN = this.getNodeParameter('topN', itemIndex, 3) as number
    const deadlineMs = this.getNodeParameter('deadlineMs', itemIndex, 0) as number
    // The reranker is not closed: that would close the scorer, which the next run will want.
    const reranker = createReranker({ scorer })
    const response = compressorOf(reranker, { topN, ...(deadlineMs > 0 && { deadlineMs }), log: logOf(this) })
    return { response }
  }
}

async function scorerOf(supply: Supply, itemIndex: number): Promise<Scorer> {
  const { crossEncoder, server } = await import('@secondpass/core')
  if (supply.getNodeParameter('model', itemIndex, 'bundled') !== 'server') {
    return kept('bundled', () => crossEncoder())
  }
  const url = String(supply.getNodeParameter('serverUrl', itemIndex, ''))
  const dialect = String(supply.getNodeParameter('dialect', itemIndex, 'tei'))
  return kept(`${dialect} ${url}`, () => server({ url, dialect: dialect as 'tei' }))
}

/** The scorer of this name, made once. One that cannot be made is not kept. */
function kept(name: string, make: () => Scorer): Promise<Scorer> {
  const known = scorers.get(name)
  if (known !== undefined) return known
  const made = Promise.resolve().then(make)
  scorers.set(name, made)
  made.catch(() => scorers.delete(name))
  return made
}

/** Writes each call into the log of the workflow, as n8n's own nodes do. */
function logOf(supply: Supply): CallLog {
  const items = (json: unknown): Items => [[{ json: json as Record<string, never> }]]
  return {
    begin: (call) => supply.addInputData(RERANKER, items(call)).index,
    end: (place, answer) =>
      supply.addOutputData(
        RERANKER,
        place,
        'message' in answer ? items({ error: answer.message }) : items({ response: answer }),
      ),
  }
}
