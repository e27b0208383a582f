import type { Candidate } from '../../types.js'
import { RerankError, show } from '../../errors.js'
import { systemClock } from '../../clock.js'
import type { BeforeAfter } from '../context.js'
import { compareAnswers } from './compare.js'
import type { EndToEndOptions } from './options.js'
import type { Answer, EndToEndQuery, EndToEndRecord, Way } from './types.js'

interface Timed {
  readonly answer: Answer
  readonly ms: number
}

/** Asks one question without and with the reranker, and has the answers compared. */
export async function askQuestion<C extends Candidate>(
  one: EndToEndQuery<C>,
  options: EndToEndOptions<C>,
  signal: AbortSignal,
): Promise<EndToEndRecord> {
  const { reranker, topN = 10, rerankedTopN = topN, clock = systemClock } = options
  const { queryId, query, candidates } = one
  const start = clock.now()
  const { results } = await reranker.rerank(query, candidates, { topN: rerankedTopN, signal })
  const rerankMs = clock.now() - start
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
  { options, signal }: { readonly options: EndToEndOptions<C>; readonly signal: AbortSignal },
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
