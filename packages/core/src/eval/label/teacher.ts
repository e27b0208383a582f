import { invalidArgument, RerankError } from '../../base/errors.js'
import type { Call, Candidate, RankedResult, Ranking, Scorer } from '../../types.js'

/** A reranker as a teacher: what `createReranker` makes. It must score every candidate: no skip policy, depth or `minScore`. */
export interface RankingTeacher {
  rerank(
    query: string,
    candidates: readonly Candidate[],
    options: { readonly topN: number; readonly signal: AbortSignal },
  ): Promise<Ranking>
}

/** Who gives the scores: any scorer, or a whole reranker. */
export type Teacher = Scorer | RankingTeacher

/** What is asked of a teacher. */
export interface Question {
  readonly query: string
  readonly candidates: readonly Candidate[]
  readonly signal: AbortSignal
  now(): number
  /** Where the teacher counts what it spends. */
  readonly stats: Record<string, number>
}

/** The scores of one text, by the id of the scorer that gave them. */
export type ScoresById = Readonly<Record<string, number>>

/** Throws unless `teacher` is a scorer or a reranker. */
export function checkTeacher(name: string, teacher: unknown): void {
  const { score, rerank } = (teacher ?? {}) as Record<'score' | 'rerank', unknown>
  if (typeof score === 'function' || typeof rerank === 'function') return
  throw invalidArgument(name, teacher, 'pass a scorer, or a reranker made by createReranker')
}

/**
 * The teacher's own number for every candidate, in their order.
 *
 * @throws RerankError `'scorer'` when a candidate has none, or one that is not finite; what the teacher throws.
 */
export function ask(teacher: Teacher, question: Question): Promise<ScoresById[]> {
  return 'score' in teacher ? askScorer(teacher, question) : askReranker(teacher, question)
}

async function askScorer(scorer: Scorer, { query, candidates, ...rest }: Question): Promise<ScoresById[]> {
  let answering = scorer
  const call: Call = {
    ...rest,
    deadline: Infinity,
    note() {},
    answeredBy: (other) => void (answering = other),
  }
  const texts = candidates.map(({ text }) => text)
  const numbers = await scorer.score(query, texts, call)
  if (numbers?.length !== texts.length) {
    throw unusable(answering.id, `gave ${numbers?.length} scores for ${texts.length} texts: ${DUE}`)
  }
  // The id last: a scorer that loads its model late knows it only now.
  return Array.from(numbers, (number, at) => ({ [answering.id]: finite(number, answering.id, at) }))
}

async function askReranker(reranker: RankingTeacher, question: Question): Promise<ScoresById[]> {
  const { query, candidates, signal, stats } = question
  const { results, report } = await reranker.rerank(query, candidates, { topN: candidates.length, signal })
  for (const stage of report.stages) {
    for (const [counter, by] of Object.entries(stage.stats)) stats[counter] = (stats[counter] ?? 0) + by
  }
  const byIndex = new Map(results.map((result) => [result.index, result]))
  return candidates.map((_, index) => scoreOf(byIndex.get(index), index, report.stages))
}

function scoreOf(result: RankedResult | undefined, index: number, stages: Ranking['report']['stages']): ScoresById {
  const { scorerId, score, logit } = result ?? {}
  const number = logit ?? score
  if (scorerId === undefined || number === undefined) {
    const outcomes = stages.map(({ outcome }) => outcome).join(', ')
    throw unusable(
      'of the reranker',
      `left candidate ${index} without a score (its stages: ${outcomes}); a teacher must score them all: leave out skip, depth, minScore, diversity and maxTokens`,
    )
  }
  return { [scorerId]: finite(number, scorerId, index) }
}

function finite(number: unknown, scorerId: string, index: number): number {
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw unusable(scorerId, `gave ${String(number)} as the score of candidate ${index}: ${DUE}`)
}

const DUE = 'a scorer gives one finite number per text, in order'

function unusable(scorerId: string, what: string): RerankError {
  return new RerankError('scorer', `The scorer ${scorerId} ${what}.`)
}
