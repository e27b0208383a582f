import {
  callable,
  type Check,
  isFiniteNumber,
  must,
  type OptionTable,
  readOptions,
  withDefault,
} from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import type { Candidate } from '../types.js'

/** Options of {@link reciprocalRankFusion}. */
export interface FusionOptions<C extends Candidate = Candidate> {
  /** How fast places lose weight: place `r`, from 1, counts `1 / (k + r)`. 0 or more. Default 60, as in the literature. */
  readonly k?: number | undefined
  /** How much each list counts, 0 or more, one number per list. Default 1 each. */
  readonly weights?: readonly number[] | undefined
  /** What makes two candidates the same one. Default: their `id`; their `text` when they have none. */
  readonly key?: ((candidate: C) => string) | undefined
}

/** A candidate found by one or more retrievers: itself a {@link Candidate}, ready for `rerank`. */
export interface FusedCandidate<C extends Candidate = Candidate> extends Candidate {
  /** The fused score; comparable within this list only. */
  readonly score: number
  /** The caller's own object, from the first list that has it; `{ text }` when it was a string. */
  readonly candidate: C
  /** The place in each list, counted from 1; `undefined` where that list does not have it. */
  readonly ranks: readonly (number | undefined)[]
  /** The score in each list; `undefined` where that list has none. */
  readonly scores: readonly (number | undefined)[]
}

const notNegative: Check<number> = must((value) => isFiniteNumber(value) && value >= 0, 'pass a number from 0')

const table = {
  k: withDefault(notNegative, 60),
  weights: must<readonly number[]>(Array.isArray, 'pass one number per list'),
  key: callable<(candidate: never) => string>(),
} satisfies OptionTable<FusionOptions<never>>

/**
 * Fuses the lists of several retrievers by places alone, so that their scores need no common scale (Cormack, Clarke and
 * Buettcher 2009). Each list is best first; within a list the first of equal candidates counts. Best first; ties keep
 * the order in which the lists, one after the other, have them.
 *
 * @throws RerankError `'invalid-argument'` for wrong lists or options.
 */
export function reciprocalRankFusion<T extends string | Candidate>(
  lists: readonly (readonly T[])[],
  options: FusionOptions<T extends Candidate ? T : Candidate> = {},
): FusedCandidate<T extends Candidate ? T : Candidate>[] {
  type C = T extends Candidate ? T : Candidate
  checkLists(lists)
  const { k, weights = lists.map(() => 1), key: given = ownKey } = readOptions(table, options)
  checkWeights(weights, lists.length)
  const key = given as (candidate: C) => string
  const fused = new Map<string, Mutable<FusedCandidate<C>>>()
  for (const [at, list] of lists.entries()) {
    for (const [place, item] of list.entries()) {
      // A string has no type of its own to keep.
      const candidate = (typeof item === 'string' ? { text: item } : item) as C
      checkCandidate(candidate, `lists[${at}][${place}]`)
      const name = key(candidate)
      const entry = fused.get(name) ?? newEntry(candidate, lists.length)
      fused.set(name, entry)
      if (entry.ranks[at] !== undefined) continue
      entry.ranks[at] = place + 1
      entry.scores[at] = candidate.score
      entry.score += (weights[at] as number) / (k + place + 1)
    }
  }
  return [...fused.values()].sort((a, b) => b.score - a.score)
}

type Mutable<F extends FusedCandidate> = Omit<F, 'score' | 'ranks' | 'scores'> & {
  score: number
  ranks: (number | undefined)[]
  scores: (number | undefined)[]
}

function newEntry<C extends Candidate>(candidate: C, lists: number): Mutable<FusedCandidate<C>> {
  const { text, id } = candidate
  const ranks = Array<undefined>(lists).fill(undefined)
  return { text, ...(id === undefined ? {} : { id }), score: 0, candidate, ranks, scores: [...ranks] }
}

/** An id and a text never clash, whatever they hold. */
function ownKey({ id, text }: Candidate): string {
  return id === undefined ? `text ${text}` : `id ${id}`
}

function checkLists(lists: unknown): void {
  if (!Array.isArray(lists)) throw invalidArgument('lists', lists, 'pass an array of lists, one per retriever')
  for (const [at, list] of lists.entries()) {
    if (!Array.isArray(list)) throw invalidArgument(`lists[${at}]`, list, 'pass an array of candidates, best first')
  }
}

function checkWeights(weights: readonly number[], lists: number): void {
  if (weights.length !== lists) throw invalidArgument('weights', weights, `pass one number per list, ${lists} in all`)
  for (const [at, weight] of weights.entries()) notNegative(`weights[${at}]`, weight)
}

function checkCandidate(candidate: unknown, name: string): void {
  const { text, score } = (candidate ?? {}) as { text?: unknown; score?: unknown }
  if (typeof text !== 'string') throw invalidArgument(name, candidate, 'pass a string or an object with a text')
  if (score !== undefined && !Number.isFinite(score)) {
    throw invalidArgument(`${name}.score`, score, 'pass a finite number, or leave it out')
  }
}
