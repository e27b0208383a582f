import type { Qrels, Run } from '../types.js'
import { firstRelevantRank } from '../metrics/reciprocal-rank.js'
import { type RankOptions, rankByScore } from '../rank.js'

/** Where the first relevant document of one query stood and stands, counted from 1; missing when it was not found. */
export interface FirstRelevantMove {
  readonly queryId: string
  readonly from?: number
  readonly to?: number
}

/** What happened to the first relevant document of every query. */
export interface FirstRelevant {
  /** One for each query of the judgements that has a relevant document, in their order. */
  readonly moves: readonly FirstRelevantMove[]
  readonly up: number
  readonly same: number
  readonly down: number
  /** Middle rank before, among the queries that found one. */
  readonly medianFrom?: number
  /** Middle rank after, among the queries that found one. */
  readonly medianTo?: number
}

/** Follows the first relevant document of each query from one order to the other. */
export function followFirstRelevant(runs: readonly [Run, Run], qrels: Qrels, options: RankOptions): FirstRelevant {
  const moves: FirstRelevantMove[] = []
  for (const [queryId, judgements] of qrels) {
    if (![...judgements.values()].some((grade) => grade > 0)) continue
    const [from, to] = runs.map((run) =>
      firstRelevantRank(rankByScore(run.get(queryId) ?? new Map(), options), judgements),
    )
    moves.push({ queryId, ...(from !== undefined && { from }), ...(to !== undefined && { to }) })
  }
  const steps = moves.map(({ from = Infinity, to = Infinity }) => (from === to ? 0 : to < from ? 1 : -1))
  const count = (step: number): number => steps.filter((other) => other === step).length
  return {
    moves,
    up: count(1),
    same: count(0),
    down: count(-1),
    ...named('medianFrom', median(moves.flatMap(({ from }) => from ?? []))),
    ...named('medianTo', median(moves.flatMap(({ to }) => to ?? []))),
  }
}

function named<K extends string>(name: K, value: number | undefined): { readonly [key in K]?: number } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]?: number })
}

function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2
}
