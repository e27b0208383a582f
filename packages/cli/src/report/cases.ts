import {
  type Judgements,
  type Lift,
  type MetricName,
  type Qrels,
  type Run,
  evaluate,
  rankByScore,
} from '@secondpass/core/eval'
import type { CasePassage, QueryCase } from './types.js'

/** Both orders of the same queries, and what came of them. */
export interface Compared {
  readonly lift: Lift
  readonly firstStage: Run
  readonly reranked: Run
  readonly qrels: Qrels
  /** What decides between equal scores, as it was measured. Default `'trec'`. */
  readonly ties?: 'trec' | 'input-order' | undefined
}

/** Queries shown at most for each side. */
const CASES = 10

/** Passages shown of each order, besides the first relevant one further down. */
const PASSAGES = 5

/** Characters of a passage that are shown. */
const LONGEST = 700

/** The queries that gained and lost most, by the metric of the verdict, without their texts. */
export function chooseCases(compared: Compared): { readonly gained: QueryCase[]; readonly lost: QueryCase[] } {
  // The least difference that counts as one: less is rounding, as in the lift.
  const differences = Array.from(compared.lift.perQuery).filter(([, difference]) => Math.abs(difference) > 1e-9)
  const sorted = differences.sort(([, a], [, b]) => b - a)
  const values = valuesOf(compared)
  const caseOf = ([queryId]: readonly [string, number]): QueryCase => makeCase(queryId, compared, values)
  return {
    gained: sorted
      .filter(([, difference]) => difference > 0)
      .slice(0, CASES)
      .map(caseOf),
    lost: sorted
      .filter(([, difference]) => difference < 0)
      .reverse()
      .slice(0, CASES)
      .map(caseOf),
  }
}

/** The ids of all documents that the cases show: what a reader of the corpus has to keep. */
export function documentsOf(cases: {
  readonly gained: readonly QueryCase[]
  readonly lost: readonly QueryCase[]
}): Set<string> {
  const all = [...cases.gained, ...cases.lost].flatMap(({ before, after }) => [...before, ...after])
  return new Set(all.map(({ id }) => id))
}

/** The beginning of a text, on one line: at most so many characters, and never more than the page shows. */
export function beginningOf(text: string, most: number = LONGEST): string {
  const longest = Math.min(most, LONGEST)
  const line = text.replace(/\s+/gu, ' ').trim()
  const characters = Array.from(line.slice(0, 2 * (longest + 1)))
  return characters.length > longest ? `${characters.slice(0, longest).join('').trimEnd()}…` : line
}

type Values = readonly [before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>]

/** The verdict's metric by query id, before and after. */
function valuesOf({ lift, firstStage, reranked, qrels, ties }: Compared): Values {
  const metric = lift.verdict.metric as MetricName
  return [firstStage, reranked].map((run) => {
    const { perQuery } = evaluate(run, qrels, { metrics: [metric], ties })
    return new Map(Array.from(perQuery, ([id, row]): [string, number] => [id, row[metric] as number]))
  }) as [Map<string, number>, Map<string, number>]
}

function makeCase(
  queryId: string,
  { firstStage, reranked, qrels, ties }: Compared,
  [before, after]: Values,
): QueryCase {
  const judgements: Judgements = qrels.get(queryId) ?? new Map()
  const [found, given] = [firstStage, reranked].map((run) => rankByScore(run.get(queryId) ?? new Map(), { ties })) as [
    string[],
    string[],
  ]
  const [was, is] = [before.get(queryId) as number, after.get(queryId) as number]
  return {
    queryId,
    query: '',
    firstStage: was,
    reranked: is,
    difference: is - was,
    before: topOf(found, given, judgements),
    after: topOf(given, found, judgements),
  }
}

/** The top of an order, and the first relevant document if it stands below. */
function topOf(order: readonly string[], other: readonly string[], judgements: Judgements): CasePassage[] {
  const places = order.map((_, at) => at).slice(0, PASSAGES)
  const relevant = order.findIndex((id) => (judgements.get(id) ?? 0) > 0)
  if (relevant >= PASSAGES) places.push(relevant)
  return places.map((at) => {
    const id = order[at] as string
    const otherAt = other.indexOf(id)
    const grade = judgements.get(id)
    return { id, rank: at + 1, ...(otherAt >= 0 && { otherRank: otherAt + 1 }), ...(grade !== undefined && { grade }) }
  })
}
