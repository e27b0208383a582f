import type { JSONObject, RerankingModelV3, RerankingModelV3CallOptions, SharedV3Warning } from '@ai-sdk/provider'
import {
  asReranker,
  createReranker,
  type Ranking,
  type Reranker,
  type RerankerOptions,
  RerankError,
  type Scorer,
} from '@secondpass/core'
import { stringify } from 'yaml'
import { readCallOptions } from './call-options.js'
import { asSdkError } from './errors.js'
import { metadataOf } from './metadata.js'

/**
 * Settings of a reranking model: those of `createReranker` but for what `rerank()` of the AI SDK decides itself, which wants
 * the best first.
 */
export interface RerankingSettings extends Omit<RerankerOptions, 'scorer' | 'model' | 'stages' | 'topN' | 'order'> {
  /** What the AI SDK calls the model, in results and telemetry. Default: the id it was asked for by, or the scorer's id. */
  readonly modelId?: string | undefined
  /**
   * The text that is read of a document that is an object. Default: all of it as YAML, with a warning of the AI SDK. Name the
   * fields that matter: `({ title, body }) => title + '\n' + body`.
   */
  readonly textOf?: ((document: JSONObject) => string) | undefined
}

type CallAnswer = Awaited<ReturnType<RerankingModelV3['doRerank']>>

/**
 * Makes a reranking model of a scorer, or of a ready reranker.
 *
 * A plain object with closures that says `'v3'`: ai 6 takes no other version, and ai 7 calls `doRerank` on a proxy, behind
 * which the private fields of a class are out of reach.
 *
 * @throws RerankError `'invalid-argument'` for a wrong setting, or one that a ready reranker has already.
 */
export function rerankingModel(source: Scorer | Reranker, given: RerankingSettings = {}): RerankingModelV3 {
  if (typeof given !== 'object' || given === null) {
    throw new RerankError('invalid-argument', `settings is ${given === null ? 'null' : typeof given}: pass an object`)
  }
  const { modelId, textOf, ...settings } = given
  if (modelId !== undefined && typeof modelId !== 'string') {
    throw new RerankError('invalid-argument', `modelId is ${typeof modelId}: pass a string`)
  }
  if (textOf !== undefined && typeof textOf !== 'function') {
    throw new RerankError('invalid-argument', `textOf is ${typeof textOf}: pass a function from a document to its text`)
  }
  const rerankerFor = isReranker(source) ? ready(source, settings) : made(source, settings)
  const name = (): string => modelId ?? (isReranker(source) ? 'reranker' : source.id)
  return {
    specificationVersion: 'v3',
    provider: 'secondpass',
    // Asked for each time: a scorer that is loaded on first use may have its id only then.
    get modelId() {
      return name()
    },
    async doRerank(asked) {
      checkDocuments(asked?.documents)
      const { documents, query, topN, abortSignal, headers, providerOptions } = asked
      const { scores, onError, deadlineMs, instruction } = readCallOptions(providerOptions, documents.values.length)
      const candidates = textsOf(documents, textOf).map((text, at) => ({ text, score: scores?.[at] ?? undefined }))
      const reranker = rerankerFor(onError)
      try {
        const options = { topN, deadlineMs, instruction, order: 'relevance', signal: abortSignal } as const
        const ranking = await reranker.rerank(query, candidates, options)
        const warnings = [
          ...(documents.type === 'object' && textOf === undefined ? [yamlWarning] : []),
          ...(headers === undefined || Object.keys(headers).length === 0 ? [] : [headersWarning]),
        ]
        return answerOf(ranking, name(), warnings)
      } catch (error) {
        abortSignal?.throwIfAborted()
        throw asSdkError(error)
      }
    },
  }
}

/** Other callers than the AI SDK may get it wrong. */
function checkDocuments(documents: unknown): void {
  const { type, values } = (documents ?? {}) as { type?: unknown; values?: unknown }
  if ((type !== 'text' && type !== 'object') || !Array.isArray(values)) {
    const fix = "pass { type: 'text', values: string[] } or { type: 'object', values: object[] }"
    throw new RerankError('invalid-argument', `documents are not as the AI SDK gives them: ${fix}`)
  }
  const wrong = type === 'text' ? -1 : Array.from(values).findIndex((one) => typeof one !== 'object' || one === null)
  if (wrong >= 0)
    throw new RerankError('invalid-argument', `documents[${wrong}] is no object: pass objects, or strings throughout`)
}

/** Gives the reranker for what a call wants to be done about errors. */
type RerankerFor = (onError: 'throw' | 'keep-order' | undefined) => Reranker

function isReranker(source: Scorer | Reranker): source is Reranker {
  return typeof (source as Partial<Reranker> | null)?.rerank === 'function'
}

function ready(given: Reranker, settings: Omit<RerankingSettings, 'modelId' | 'textOf'>): RerankerFor {
  const reranker = asReranker({ ...settings, reranker: given }, 'reranking')
  return (onError) => {
    if (onError === undefined) return reranker
    const fix = 'give onError to createReranker() instead, or make the model of a scorer'
    throw new RerankError(
      'invalid-argument',
      `providerOptions.secondpass.onError cannot change a ready reranker: ${fix}`,
    )
  }
}

function made(scorer: Scorer, settings: RerankerOptions): RerankerFor {
  // All of them, as every other reranking model does: a document that was not read would have no score to give.
  const make = (onError: 'throw' | 'keep-order' | undefined): Reranker =>
    createReranker({ depth: Infinity, ...settings, scorer, onError: onError ?? settings.onError })
  const rerankers = new Map([[undefined as 'throw' | 'keep-order' | undefined, make(undefined)]])
  return (onError) => {
    const reranker = rerankers.get(onError) ?? make(onError)
    rerankers.set(onError, reranker)
    return reranker
  }
}

function textsOf(
  documents: RerankingModelV3CallOptions['documents'],
  textOf: RerankingSettings['textOf'],
): readonly string[] {
  if (documents.type === 'text') return documents.values
  if (textOf === undefined) return documents.values.map((document) => stringify(document, { lineWidth: 0 }).trimEnd())
  return documents.values.map((document, at) => {
    const text: unknown = textOf(document)
    if (typeof text === 'string') return text
    throw new RerankError('invalid-argument', `textOf(documents[${at}]) is ${typeof text}: return a string`)
  })
}

const yamlWarning: SharedV3Warning = {
  type: 'compatibility',
  feature: 'object documents',
  details: 'They are read as YAML. Say what is read of them with the setting textOf.',
}

const headersWarning: SharedV3Warning = {
  type: 'unsupported',
  feature: 'headers',
  details: 'Pass headers to the scorer, which sends the requests.',
}

function answerOf(ranking: Ranking, modelId: string, warnings: SharedV3Warning[]): CallAnswer {
  const { results, report } = ranking
  const judge = report.stages.findLast(({ outcome }) => outcome === 'ranked')?.scorerId
  // Numbers of an earlier stage are on another scale, and the AI SDK wants them to fall.
  const given = results.map(({ score, blendedScore, scorerId }) =>
    judge !== undefined && scorerId === judge ? (blendedScore ?? score) : undefined,
  )
  const least = given.reduce<number>((low, score) => Math.min(low, score ?? 0), 0)
  const unread = given.filter((score) => score === undefined).length
  if (unread > 0) warnings.push(unreadWarning(unread, ranking))
  return {
    ranking: results.map(({ index }, at) => ({ index, relevanceScore: given[at] ?? least })),
    providerMetadata: metadataOf(ranking),
    warnings,
    response: { timestamp: new Date(), modelId: report.stages.at(-1)?.scorerId ?? modelId },
  }
}

function unreadWarning(unread: number, { results, report }: Ranking): SharedV3Warning {
  const { outcome, skipReason, error } = report.stages.at(-1) ?? {}
  const why =
    outcome === 'ranked' ? 'beyond depth' : [outcome, skipReason?.policy ?? error?.message].filter(Boolean).join(': ')
  const which = unread === results.length ? 'The documents' : `${unread} of ${results.length} documents`
  const message = `${which} were not scored (${why}) and keep the order they had; the score they come with says nothing.`
  return { type: 'other', message }
}
