import type { Tool } from '@modelcontextprotocol/sdk/types.js'
import { type Candidate, RerankError, type Reranker } from '@secondpass/core'
import { oneLine, show } from '../errors.js'
import { printedOutcome } from '../rerank/pool.js'

/** The one tool, as a client lists it. Names of arguments are those of the rerank APIs that models know. */
export const tool: Tool = {
  name: 'rerank',
  title: 'Rerank documents',
  description:
    'Orders documents by how well they answer a query, with a model that reads each of them together with the query. ' +
    'Use it on the results of any search before you read them, above all when there are more than you want to read. ' +
    'Answers with the place of each document in the list given (index, from 0), best first, and its relevance from 0 to 1.',
  inputSchema: {
    type: 'object',
    properties: {
      query: { type: 'string', description: 'What was asked, as a question or as words.' },
      documents: {
        type: 'array',
        description: 'What the search found, in its order: texts, or objects with a text.',
        items: {
          anyOf: [
            { type: 'string' },
            {
              type: 'object',
              properties: {
                text: { type: 'string' },
                id: { type: 'string', description: 'Your own name for it, which comes back.' },
                score: { type: 'number', description: 'What the search gave it: higher is better.' },
              },
              required: ['text'],
            },
          ],
        },
      },
      top_n: { type: 'integer', minimum: 1, description: 'How many come back.' },
      return_documents: { type: 'boolean', default: false, description: 'Whether their texts come back too.' },
    },
    required: ['query', 'documents'],
  },
  outputSchema: {
    type: 'object',
    properties: {
      results: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            index: { type: 'integer' },
            id: { type: 'string' },
            relevance_score: { type: 'number', description: 'Missing when no model read it.' },
            text: { type: 'string' },
          },
          required: ['index'],
        },
      },
      order_kept: { type: 'string', description: 'Why the documents are in the order given, where they are.' },
    },
    required: ['results'],
  },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
}

/** How the tool answers when the call does not say. */
export interface ToolSettings {
  readonly topN: number
  readonly deadlineMs: number | undefined
}

interface Answer {
  readonly [key: string]: unknown
  readonly content: { readonly type: 'text'; readonly text: string }[]
  readonly structuredContent?: Record<string, unknown>
  readonly isError?: true
}

/**
 * One call of the tool. What is wrong with it is said in the answer, where the model that called can read and mend it.
 *
 * @param given the arguments, as they came
 */
export async function callTool(
  reranker: Reranker,
  given: unknown,
  { topN, deadlineMs, signal }: ToolSettings & { readonly signal: AbortSignal },
): Promise<Answer> {
  try {
    const { query, documents, top_n: asked = topN, return_documents: withTexts = false } = readArguments(given)
    const ranking = await reranker.rerank(query, documents, { topN: asked, deadlineMs, signal })
    const results = ranking.results.map(({ index, score, candidate: { id, text } }) => ({
      index,
      ...(id !== undefined && { id }),
      ...(score !== undefined && { relevance_score: score }),
      ...(withTexts && { text }),
    }))
    const ended = printedOutcome(ranking)
    const kept = ended === undefined || ended.outcome === 'ranked' ? undefined : keptBecause(ended)
    const structured = { results, ...(kept !== undefined && { order_kept: kept }) }
    return { content: [{ type: 'text', text: JSON.stringify(structured) }], structuredContent: structured }
  } catch (error) {
    if (signal.aborted) throw error
    return { content: [{ type: 'text', text: oneLine(error) }], isError: true }
  }
}

function keptBecause({ outcome, skipReason, error }: NonNullable<ReturnType<typeof printedOutcome>>): string {
  const why = skipReason?.policy ?? error
  return why === undefined ? outcome : `${outcome}: ${why}`
}

interface Arguments {
  readonly query: string
  readonly documents: readonly (string | Candidate)[]
  readonly top_n?: number
  readonly return_documents?: boolean
}

/** The library checks what it is given; here stands what it would not see, or would name otherwise. */
function readArguments(given: unknown): Arguments {
  const { query, documents, top_n: topN, return_documents: withTexts } = (given ?? {}) as Record<string, unknown>
  if (typeof query !== 'string' || query.trim() === '') throw wrong('query', query, 'pass what was asked')
  if (!Array.isArray(documents))
    throw wrong('documents', documents, 'pass an array of texts, or of objects with a text')
  if (topN !== undefined && !(Number.isInteger(topN) && Number(topN) >= 1)) {
    throw wrong('top_n', topN, 'pass a whole number of at least 1, or leave it out')
  }
  if (withTexts !== undefined && typeof withTexts !== 'boolean') {
    throw wrong('return_documents', withTexts, 'pass true or false')
  }
  const read = documents.map((document: unknown, at) => readDocument(document, `documents[${at}]`))
  return {
    query,
    documents: read,
    ...(topN !== undefined && { top_n: topN as number }),
    ...(withTexts !== undefined && { return_documents: withTexts }),
  }
}

function readDocument(document: unknown, name: string): string | Candidate {
  if (typeof document === 'string') return document
  const { text, id, score } = (document ?? {}) as Record<string, unknown>
  if (typeof text !== 'string') throw wrong(name, document, 'pass a text, or an object with a text')
  if (id !== undefined && typeof id !== 'string') throw wrong(`${name}.id`, id, 'pass a string, or leave it out')
  if (score !== undefined && !(typeof score === 'number' && Number.isFinite(score))) {
    throw wrong(`${name}.score`, score, 'pass a number, or leave it out')
  }
  return { text, ...(id !== undefined && { id }), ...(score !== undefined && { score }) }
}

function wrong(name: string, value: unknown, fix: string): RerankError {
  return new RerankError('invalid-argument', `${name} is ${show(value)}: ${fix}`)
}
