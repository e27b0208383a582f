import { systemClock } from '../base/clock.js'
import { checkItems, checkOptions, isObject } from '../base/check.js'
import { invalidArgument, RerankError } from '../base/errors.js'
import type { Call, Candidate, RankedResult, Ranking, Scorer } from '../types.js'

/** One candidate in the training format. */
export interface LabelledCandidate {
  readonly id: string
  readonly text: string
  /** The judgement: above 0 is relevant. `null` when it was not judged. */
  readonly label: number | null
  /** The teachers' own numbers, higher is better, by scorer id. */
  readonly scores: Readonly<Record<string, number>>
}

/** One line of the training format. Other properties are handed through. */
export interface LabelledQuery {
  /** Unique within its set. */
  readonly id: string
  /** The collection that the query is of. */
  readonly set: string
  readonly query: string
  readonly candidates: readonly LabelledCandidate[]
  /** `'original'`, or how the query was rewritten. */
  readonly style: string
}

/** A query to be labelled. What is missing becomes `set: ''`, `style: 'original'`, `label: null` and no scores. */
export interface QueryToLabel extends Partial<Pick<LabelledQuery, 'set' | 'style'>> {
  readonly id: string
  readonly query: string
  readonly candidates: readonly (Pick<LabelledCandidate, 'id' | 'text'> & Partial<LabelledCandidate>)[]
}

/** Whatever reranks: a `Reranker` of secondpass fits. */
export interface Reranks<C extends Candidate = Candidate> {
  rerank(
    query: string,
    candidates: readonly C[],
    options: { readonly topN: number; readonly signal: AbortSignal },
  ): Promise<Ranking<C>>
}

/** What gives the scores: any scorer, or a reranker without a skip policy, depth or `minScore`, so that it scores everything. */
export type Teacher = Scorer | Reranks

/** Options of {@link labelQuery}. */
export interface LabelOptions {
  /** Passed to the teacher, which rejects with its reason. Default: never aborted. */
  readonly signal?: AbortSignal | undefined
  /** Where the teacher adds what it spends: `requests`, `tokens`, `cost`, … Default: not kept. */
  readonly stats?: Record<string, number> | undefined
}

/**
 * One query and its candidates with the scores of a teacher, for training a smaller model: a line of the training format.
 * Scores of other teachers stay. The numbers are the teacher's own: logits where it has them, not probabilities. A query
 * without candidates is not given to the teacher. `secondpass label` does this for a file, with limits, and resumes.
 *
 * @throws RerankError `'invalid-argument'` when `teacher` is neither a scorer nor a reranker, or for a wrong option;
 *   `'scorer'` when a candidate has no score, or one that is not finite; what the teacher throws.
 */
export async function labelQuery(
  teacher: Teacher,
  query: QueryToLabel,
  options: LabelOptions = {},
): Promise<LabelledQuery> {
  const { score, rerank } = (teacher ?? {}) as unknown as Record<'score' | 'rerank', unknown>
  if (typeof score !== 'function' && typeof rerank !== 'function') {
    throw invalidArgument('teacher', teacher, 'pass a scorer, or a reranker made by createReranker')
  }
  checkOptions('options', options, ['signal', 'stats'])
  checkQueryToLabel(query)
  const { signal = new AbortController().signal, stats = {} } = options
  const question = { query: query.query, candidates: query.candidates, signal, stats }
  if (query.candidates.length === 0) return withScores(query, [])
  return withScores(query, await ('score' in teacher ? askScorer(teacher, question) : askReranker(teacher, question)))
}

function checkQueryToLabel(query: unknown): void {
  const { query: asked, candidates } = (isObject(query) ? query : {}) as { query?: unknown; candidates?: unknown }
  if (typeof asked !== 'string') throw invalidArgument('query.query', asked, 'pass { id, query, candidates }')
  const isCandidate = (one: unknown): boolean => isObject(one) && typeof one['text'] === 'string'
  checkItems('query.candidates', candidates, isCandidate, 'pass objects with an id and a text')
}

/** What is asked of a teacher. */
interface Question {
  readonly query: string
  readonly candidates: QueryToLabel['candidates']
  readonly signal: AbortSignal
  readonly stats: Record<string, number>
}

/** The scores of one text, by the id of the scorer that gave them. */
type ScoresById = Readonly<Record<string, number>>

async function askScorer(scorer: Scorer, { query, candidates, signal, stats }: Question): Promise<ScoresById[]> {
  let answering = scorer
  const call: Call = {
    signal,
    stats,
    deadline: Infinity,
    now: () => systemClock.now(),
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

async function askReranker(reranker: Reranks, { query, candidates, signal, stats }: Question): Promise<ScoresById[]> {
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

/** The order of the properties is always the same, so that equal lines are equal text. */
function withScores(given: QueryToLabel, scores: readonly ScoresById[]): LabelledQuery {
  const labelled = given.candidates.map((candidate, at) => {
    const { id, text, label = null, scores: earlier, ...rest } = candidate
    return { id, text, label, scores: { ...earlier, ...scores[at] }, ...rest }
  })
  const { id, set = '', query, candidates: _, style = 'original', ...rest } = given
  return { id, set, query, candidates: labelled, style, ...rest }
}
