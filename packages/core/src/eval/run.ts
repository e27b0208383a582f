import {
  type Check,
  checkItems,
  type Defaulted,
  flag,
  isFiniteNumber,
  must,
  oneOf,
  readOptions,
  withDefault,
} from '../base/check.js'
import { invalidArgument, show } from '../base/errors.js'

/** The judgements of one query: document id to grade. Above 0 is relevant; 0 and below is not. */
export type Judgements = ReadonlyMap<string, number>

/** Judgements by query id. */
export type Qrels = ReadonlyMap<string, Judgements>

/** What a search found for one query: document id to score, higher is better. Insertion order is the input order. */
export type Scores = ReadonlyMap<string, number>

/** What a search found, by query id. */
export type Run = ReadonlyMap<string, Scores>

/** How scores become an order. */
export interface RankOptions {
  /**
   * What decides between equal scores. `'trec'` (default): the higher document id first, compared byte by byte in UTF-8,
   * as trec_eval does whatever the rank column says. `'input-order'`: whichever came first, which suits lists made in
   * this process, whose order means something.
   */
  readonly ties?: 'trec' | 'input-order' | undefined
  /**
   * `true`: scores are rounded to 32 bits first, as trec_eval before version 10 and pytrec_eval do, so that near-equal
   * scores count as equal. Default `false`.
   */
  readonly float32?: boolean | undefined
}

/** Judgements, or what a search found, by query id. */
export function byQuery<T extends Qrels | Run>(): Check<T> {
  return must(isMap, 'pass a Map by query id')
}

/** Throws unless every query has numbers by document id. */
export function checkScoresByQuery(name: string, table: unknown): void {
  byQuery()(name, table)
  for (const [queryId, row] of table as Map<unknown, unknown>) checkScores(`${name} of ${show(queryId)}`, row)
}

function checkScores(name: string, row: unknown): void {
  if (!isMap(row)) throw invalidArgument(name, row, 'pass a Map from document id to number')
  for (const [id, number] of row as Map<unknown, unknown>) {
    if (typeof id !== 'string') throw invalidArgument(`a document id of ${name}`, id, 'pass strings')
    if (typeof number !== 'number') throw invalidArgument(`${name}, document ${id}`, number, 'pass a number')
  }
}

function isMap(value: unknown): boolean {
  const { get, has, entries, [Symbol.iterator]: each } = (value ?? {}) as Partial<Map<unknown, unknown>>
  return [get, has, entries, each].every((method) => typeof method === 'function')
}

/** A price, a cost. */
export const fromZero: Check<number> = must((value) => isFiniteNumber(value) && value >= 0, 'pass a number from 0')

/** How scores become an order. */
export const rankTable: { readonly [K in keyof RankOptions]-?: Defaulted<Exclude<RankOptions[K], undefined>> } = {
  ties: withDefault(oneOf('trec', 'input-order'), 'trec'),
  float32: withDefault(flag, false),
}

/**
 * Document ids, best score first. NaN stands below every number.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function rankByScore(scores: Scores, options: RankOptions = {}): string[] {
  const { ties, float32 } = readOptions(rankTable, options)
  checkScores('scores', scores)
  const entries = Array.from(scores, ([id, score]) => ({ id, score: float32 ? Math.fround(score) : score }))
  const breakTie = ties === 'trec' ? (a: string, b: string): number => compareBytes(b, a) : (): number => 0
  // The sort of the language is stable, which is all that 'input-order' asks for.
  return entries.sort((a, b) => descending(a.score, b.score) || breakTie(a.id, b.id)).map(({ id }) => id)
}

/**
 * A run from lists that are in order already, best first: each document gets a score by its place.
 *
 * @param lists query id to document ids
 * @throws RerankError `'invalid-argument'` when a list holds a document twice.
 */
export function runFromLists(lists: Iterable<readonly [queryId: string, ids: readonly string[]]>): Run {
  const run = new Map<string, Scores>()
  const fix = 'pass pairs of a query id and an array of document ids'
  if (typeof (lists as Partial<typeof lists> | undefined)?.[Symbol.iterator] !== 'function')
    throw invalidArgument('lists', lists, fix)
  for (const pair of lists) {
    if (!Array.isArray(pair)) throw invalidArgument('a pair of lists', pair, fix)
    const [queryId, ids] = pair as unknown as [string, string[]]
    checkItems(`the list of query ${show(queryId)}`, ids, (id) => typeof id === 'string', 'pass document ids')
    const scores = new Map(ids.map((id, at) => [id, -at]))
    if (scores.size < ids.length) {
      const seen = new Set<string>()
      const twice = ids.find((id) => seen.size === seen.add(id).size)
      throw invalidArgument(`the list of query ${queryId}`, ids, `it holds the document ${twice} twice; list each once`)
    }
    run.set(queryId, scores)
  }
  return run
}

function descending(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a === b ? 0 : a > b ? -1 : 1
}

/** The order of the UTF-8 bytes, which is that of the code points and not that of UTF-16. */
function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)]
    if (left !== right) return afterSurrogates(left) - afterSurrogates(right)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above every other unit, and U+E000 to U+FFFF come after them in UTF-16. */
function afterSurrogates(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
