import { checkItems, isObject } from '../../base/check.js'
import { onAbort } from '../../base/clock.js'
import { RerankError, show } from '../../base/errors.js'
import type { Candidate } from '../../types.js'
import type { BeforeAfter } from '../context.js'
import {
  type Answer,
  type EndToEndJob,
  type EndToEndOptions,
  type EndToEndQuery,
  type EndToEndRecord,
  type EndToEndSummary,
  readEndToEnd,
  type Way,
} from './options.js'
import { compareAnswers } from './judge.js'
import { summarize } from './summary.js'

/** What {@link measureEndToEnd} found. */
export interface EndToEnd {
  /** Plain JSON, which a report takes as it is. */
  readonly summary: EndToEndSummary
  /** One for each question, in their order. */
  readonly records: readonly EndToEndRecord[]
}

/**
 * Are the answers better? Runs the application's own answer function on the same questions with the first stage's passages
 * and with the reranked ones, has a judge compare the answers, and counts what a shorter context saves.
 *
 * A question whose passages are the same either way is answered once and counts as a tie. Costs: one reranking, one or two
 * answers and two judgements for each question. When a function rejects, the run ends with its error; what was done is in
 * the hands of `onRecord`, and `done` resumes from there.
 *
 * @throws RerankError `'invalid-argument'` when an option is wrong; `'scorer'` when a function answers with nonsense.
 */
export async function measureEndToEnd<C extends Candidate>(options: EndToEndOptions<C>): Promise<EndToEnd> {
  const job = readEndToEnd(options)
  job.signal?.throwIfAborted()
  const known = new Map(job.done?.map((record) => [record.queryId, record]))
  const left = job.queries.filter(({ queryId }) => !known.has(queryId))
  for (const record of await askAll(left, job)) known.set(record.queryId, record)
  const records = job.queries.map(({ queryId }) => known.get(queryId) as EndToEndRecord)
  return { summary: summarize(records, job), records }
}

/** So many at a time. The first that fails ends the others, and its error is the error of the run. */
async function askAll<C extends Candidate>(
  queries: readonly EndToEndQuery<C>[],
  options: EndToEndJob<C>,
): Promise<EndToEndRecord[]> {
  const records: EndToEndRecord[] = []
  const ending = new AbortController()
  const { signal } = options
  const stopListening = signal === undefined ? undefined : onAbort(signal, () => ending.abort(signal.reason))
  let [next, telling] = [0, Promise.resolve()]
  const tell = async (record: EndToEndRecord): Promise<void> => void (await options.onRecord?.(record))
  const work = async (): Promise<void> => {
    while (next < queries.length && !ending.signal.aborted) {
      const record = await askQuestion(queries[next++] as EndToEndQuery<C>, options, ending.signal)
      records.push(record)
      await (telling = telling.then(() => tell(record)))
    }
  }
  const endAll = (error: unknown): void => ending.abort(error)
  try {
    const workers = Array.from({ length: Math.min(options.concurrency, queries.length) }, () => work().catch(endAll))
    await Promise.all(workers)
  } finally {
    stopListening?.()
  }
  if (ending.signal.aborted) throw ending.signal.reason
  return records
}

interface Timed {
  readonly answer: Answer
  readonly ms: number
}

/** Asks one question without and with the reranker, and has the answers compared. */
async function askQuestion<C extends Candidate>(
  one: EndToEndQuery<C>,
  options: EndToEndJob<C>,
  signal: AbortSignal,
): Promise<EndToEndRecord> {
  const { reranker, topN, rerankedTopN, clock } = options
  const { queryId, query, candidates } = one
  const start = clock.now()
  const { results } = (await reranker.rerank(query, candidates, { topN: rerankedTopN, signal })) ?? {}
  const rerankMs = clock.now() - start
  checkItems('the results of reranker.rerank', results, isObject, 'resolve to { results } as createReranker does')
  const contexts = { firstStage: candidates.slice(0, topN), reranked: results.map(({ candidate }) => candidate) }
  const sameContext =
    contexts.firstStage.length === contexts.reranked.length &&
    contexts.firstStage.every((passage, at) => passage === contexts.reranked[at])
  const ask = async (way: Way): Promise<Timed> => {
    const begun = clock.now()
    const answer = readAnswer(await options.answer({ queryId, query, passages: contexts[way], way, signal }), queryId)
    return { answer: withTokens(answer, contexts[way], options.countTokens), ms: clock.now() - begun }
  }
  // One after the other, so that the times of the two do not disturb each other.
  const first = await ask('firstStage')
  // The same context is asked once: two answers of a model to one prompt differ, and not because of the reranker.
  const second = sameContext ? first : await ask('reranked')
  const answers = { firstStage: first.answer.text, reranked: second.answer.text }
  const judged = sameContext ? undefined : await compareAnswers(one, answers, { ...options, signal })
  return {
    queryId,
    sameContext,
    answers,
    ...(judged ?? (await sameTwice(one, answers, { options, signal }))),
    ...usedBy('inputTokens', first.answer, second.answer),
    ...usedBy('outputTokens', first.answer, second.answer),
    rerankMs,
    answerMs: { firstStage: first.ms, reranked: second.ms },
  }
}

/** A tie; when answers are graded, with the grade of the one answer, so that the mean grades are over all questions. */
async function sameTwice<C extends Candidate>(
  { query, reference }: EndToEndQuery<C>,
  answers: Readonly<Record<Way, string>>,
  { options, signal }: { readonly options: EndToEndJob<C>; readonly signal: AbortSignal },
): Promise<Pick<EndToEndRecord, 'difference' | 'grades'>> {
  if (options.grade === undefined) return { difference: 0 }
  const one = { queryId: '', query, candidates: [], ...(reference !== undefined && { reference }) }
  const grade = options.grade
  let known: number | undefined
  const once = async (input: Parameters<typeof grade>[0]): Promise<number> => (known ??= await grade(input))
  const { difference, grades } = await compareAnswers(one, answers, { grade: once, signal })
  return { difference, ...(grades && { grades }) }
}

function readAnswer(answer: unknown, queryId: string): Answer {
  const read = typeof answer === 'string' ? { text: answer } : (answer as Answer | null | undefined)
  if (typeof read?.text === 'string') return read
  throw new RerankError('scorer', `The answer to query ${queryId} is ${show(answer)}: return a string, or { text }`)
}

function withTokens(
  answer: Answer,
  passages: readonly Candidate[],
  countTokens: ((text: string) => number) | undefined,
): Answer {
  if (answer.inputTokens !== undefined || countTokens === undefined) return answer
  return { ...answer, inputTokens: passages.reduce((sum, { text }) => sum + countTokens(text), 0) }
}

function usedBy<K extends 'inputTokens' | 'outputTokens'>(
  name: K,
  first: Answer,
  second: Answer,
): { readonly [key in K]?: BeforeAfter } {
  const [firstStage, reranked] = [first[name], second[name]]
  if (firstStage === undefined || reranked === undefined) return {}
  for (const tokens of [firstStage, reranked]) {
    if (!(Number.isFinite(tokens) && tokens >= 0))
      throw new RerankError('scorer', `${name} of an answer is ${show(tokens)}: return a finite number from 0`)
  }
  return { [name]: { firstStage, reranked } } as { readonly [key in K]?: BeforeAfter }
}
