import { callable, type OptionsOf, type OptionTable, readOptions, required, whole, withDefault } from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import { mean } from './bootstrap.js'
import { checkOverlap } from './evaluate.js'
import { recall } from './metrics.js'
import { byQuery, fromZero, type Qrels, rankByScore, type RankOptions, rankTable, type Run } from './run.js'

/** What {@link measureContext} compares. */
export interface ContextOptions extends RankOptions {
  /** What the first stage found. */
  readonly firstStage: Run
  /** The same queries after reranking. */
  readonly reranked: Run
  readonly qrels: Qrels
  /** How many tokens the document with this id takes in a prompt: a finite number from 0. */
  readonly tokensOf: (id: string) => number
  /** How many passages go into a prompt without a reranker, 1 or more. Default 10. */
  readonly topN?: number | undefined
  /** What a million prompt tokens cost, from 0, in the caller's unit. Default: nothing is said of money. */
  readonly pricePerMillionTokens?: number | undefined
  /** What reranking costs for one query, in the same unit. Default 0, as on a machine that runs anyway. */
  readonly rerankCost?: number | undefined
}

/** How much shorter a prompt may be after reranking. Means over the queries that are judged and were searched. */
export interface ContextSavings {
  /** Passages in the prompt without a reranker. */
  readonly topN: number
  /** The fewest reranked passages that hold as much of what is relevant; `topN` when fewer do not. */
  readonly rerankedTopN: number
  /** Mean recall of those passages. */
  readonly recall: BeforeAfter
  /** Mean tokens of those passages, and what reranking saves of them; below 0 when it takes longer ones. */
  readonly tokens: BeforeAfter & { readonly saved: number }
  /** Mean cost of a query; `saved` is net of what reranking costs. Missing without a price. */
  readonly money?: BeforeAfter & { readonly reranking: number; readonly saved: number }
  /** For a person. */
  readonly sentence: string
}

/** A figure without and with the reranker. */
export interface BeforeAfter {
  readonly firstStage: number
  readonly reranked: number
}

/**
 * How much shorter may the prompt be? Finds the fewest reranked passages whose mean recall is at least that of the first
 * stage's `topN`, and what leaving out the others saves.
 *
 * It relies on the judgements: a passage that was not judged counts for nothing. Whether the answers stay as good, only
 * `measureEndToEnd` says.
 *
 * @throws RerankError `'invalid-argument'` when an option is wrong, or a run and the judgements share no query id.
 */
export function measureContext(options: ContextOptions): ContextSavings {
  const read = readOptions(CONTEXT, options)
  const { firstStage, reranked, qrels, topN, pricePerMillionTokens, rerankCost } = read
  checkOverlap(firstStage, qrels, 'firstStage')
  checkOverlap(reranked, qrels, 'reranked')
  const before = headsOf(firstStage, read)
  const after = headsOf(reranked, read)
  const wanted = meanRecall(before, topN)
  // Recall at equal depths is a sum of the same fractions in another order: less than this is rounding.
  const isEnough = (depth: number): boolean => meanRecall(after, depth) >= wanted - 1e-9
  const rerankedTopN = firstFrom1(topN, isEnough) ?? topN
  const recalls = { firstStage: wanted, reranked: meanRecall(after, rerankedTopN) }
  const used = { firstStage: meanTokens(before, topN), reranked: meanTokens(after, rerankedTopN) }
  const savings = { topN, rerankedTopN, recall: recalls, tokens: { ...used, saved: used.firstStage - used.reranked } }
  const money = pricePerMillionTokens === undefined ? undefined : moneyOf(used, pricePerMillionTokens, rerankCost)
  return { ...savings, ...(money && { money }), sentence: sentenceOf(savings) }
}

const CONTEXT = {
  firstStage: required(byQuery<Run>()),
  reranked: required(byQuery<Run>()),
  qrels: required(byQuery<Qrels>()),
  tokensOf: required(callable<ContextOptions['tokensOf']>()),
  topN: withDefault(whole(1), 10),
  pricePerMillionTokens: fromZero,
  rerankCost: withDefault(fromZero, 0),
  ...rankTable,
} satisfies OptionTable<ContextOptions>

/** The first documents of one query, with what counts of them. */
interface Head {
  readonly recallAt: (depth: number) => number
  /** Of each document in order. */
  readonly tokens: readonly number[]
}

function headsOf(run: Run, { qrels, firstStage, tokensOf, topN, ties, float32 }: OptionsOf<typeof CONTEXT>): Head[] {
  const heads: Head[] = []
  for (const [queryId, judgements] of qrels) {
    if (!firstStage.has(queryId)) continue
    const ids = rankByScore(run.get(queryId) ?? new Map(), { ties, float32 }).slice(0, topN)
    heads.push({ recallAt: (depth) => recall(ids, judgements, depth), tokens: ids.map((id) => tokensIn(id, tokensOf)) })
  }
  return heads
}

function tokensIn(id: string, tokensOf: (id: string) => number): number {
  const tokens = tokensOf(id)
  if (Number.isFinite(tokens) && tokens >= 0) return tokens
  throw invalidArgument(`tokensOf(${JSON.stringify(id)})`, tokens, 'return a finite number from 0')
}

/** The first of the whole numbers from 1 to `last` for which something holds that then holds for all further ones. */
function firstFrom1(last: number, holds: (number: number) => boolean): number | undefined {
  if (!holds(last)) return undefined
  let [low, high] = [0, last]
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2)
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}

function meanRecall(heads: readonly Head[], depth: number): number {
  return mean(heads.map(({ recallAt }) => recallAt(depth)))
}

function meanTokens(heads: readonly Head[], depth: number): number {
  const sumOf = (tokens: readonly number[]): number => tokens.slice(0, depth).reduce((sum, count) => sum + count, 0)
  return mean(heads.map(({ tokens }) => sumOf(tokens)))
}

/** What prompts of so many tokens cost, and what is saved once the reranker is paid. */
function moneyOf(used: BeforeAfter, pricePerMillion: number, reranking: number): NonNullable<ContextSavings['money']> {
  const firstStage = (used.firstStage * pricePerMillion) / 1e6
  const reranked = (used.reranked * pricePerMillion) / 1e6
  return { firstStage, reranked, reranking, saved: firstStage - reranked - reranking }
}

function sentenceOf({ topN, rerankedTopN, recall: recalls, tokens }: Omit<ContextSavings, 'sentence'>): string {
  const share = tokens.firstStage > 0 ? ` (${((tokens.saved / tokens.firstStage) * 100).toFixed(0)} %)` : ''
  if (recalls.reranked < recalls.firstStage - 1e-9)
    return `No shorter prompt: ${topN} reranked passages hold less of what is relevant than ${topN} as found.`
  if (rerankedTopN === topN)
    return `No shorter prompt: fewer than ${topN} reranked passages hold less than ${topN} as found.`
  const kept = rerankedTopN === 1 ? '1 reranked passage holds' : `${rerankedTopN} reranked passages hold`
  return `${kept} as much as ${topN} as found: ${tokens.saved.toFixed(0)} tokens${share} less for each query.`
}
