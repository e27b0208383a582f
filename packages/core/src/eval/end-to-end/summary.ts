import type { Candidate } from '../../types.js'
import { bootstrapInterval } from '../bootstrap.js'
import type { BeforeAfter } from '../context.js'
import { kindOf, type MetricLift, spreadOf, type Verdict, verdictOn } from '../lift.js'
import type { EndToEndOptions, EndToEndRecord, EndToEndSummary } from './options.js'

/** Less than this is rounding. */
const EQUAL = 1e-9

/** What the records say together. */
export function summarise<C extends Candidate>(
  records: readonly EndToEndRecord[],
  options: EndToEndOptions<C>,
): EndToEndSummary {
  const { topN = 10, rerankedTopN = topN, grade } = options
  const differences = records.map(({ difference }) => difference)
  const wins = differences.filter((difference) => difference > EQUAL).length
  const losses = differences.filter((difference) => difference < -EQUAL).length
  const difference = meanOf(differences)
  const lift = {
    difference,
    interval: bootstrapInterval(differences, bootstrapOf(options)),
    wins,
    ties: records.length - wins - losses,
    losses,
  }
  const grades = grade === undefined ? undefined : meanPair(records.map((record) => record.grades))
  const asked = records.filter(({ positionDecided }) => positionDecided !== undefined)
  const tokens = tokensOf(records, options)
  const money = moneyOf(records, options)
  return {
    queries: records.length,
    sameContext: records.filter(({ sameContext }) => sameContext).length,
    method: grade === undefined ? 'preference' : 'grade',
    verdict: grades === undefined ? verdictOnPreference(lift, options) : verdictOnGrade(lift, grades, options),
    ...lift,
    ...(grades && { grades }),
    ...(grade === undefined && {
      positionDecided: asked.filter(({ positionDecided }) => positionDecided).length / Math.max(1, asked.length),
    }),
    topN: { firstStage: topN, reranked: rerankedTopN },
    ...(tokens && { tokens }),
    ...(money && { money }),
    durationMs: {
      reranking: spreadOf(
        'rerankMs',
        records.map(({ rerankMs }) => rerankMs),
      ),
      firstStage: spreadOf(
        'answerMs',
        records.map(({ answerMs }) => answerMs.firstStage),
      ),
      reranked: spreadOf(
        'answerMs',
        records.map(({ answerMs }) => answerMs.reranked),
      ),
    },
  }
}

type Outcome = Pick<MetricLift, 'difference' | 'interval' | 'wins' | 'ties' | 'losses'>
type Limits = Pick<EndToEndOptions, 'worthwhile' | 'confidence' | 'resamples' | 'seed'>

function bootstrapOf({ resamples, confidence, seed }: Limits): Limits {
  return { resamples, confidence, seed }
}

function verdictOnGrade(lift: Outcome, grades: BeforeAfter, { worthwhile = 0.02, confidence = 0.95 }: Limits): Verdict {
  const relative = grades.firstStage > 0 ? { relative: lift.difference / grades.firstStage } : {}
  return verdictOn('grade', { ...lift, ...grades, ...relative }, { worthwhile, confidence })
}

const WORDS = {
  helps: 'Answers are better with the reranker',
  'no-measurable-help': 'No measurable difference between the answers',
  hurts: 'Answers are worse with the reranker',
} as const

function verdictOnPreference(lift: Outcome, { worthwhile = 0.02, confidence = 0.95 }: Limits): Verdict {
  const { difference, wins, ties, losses, interval } = lift
  const kind = kindOf(lift, worthwhile)
  const [from, to] = interval.map(signed)
  const sentence = `${WORDS[kind]}: preferred in ${wins}, equal in ${ties} and worse in ${losses} of ${wins + ties + losses} questions; net preference ${signed(difference)} (${Number((confidence * 100).toFixed(1))} % interval ${from} to ${to}).`
  return { kind, metric: 'preference', sentence }
}

function tokensOf(records: readonly EndToEndRecord[], options: Limits): EndToEndSummary['tokens'] {
  const pairs = records.map(({ inputTokens }) => inputTokens)
  const means = meanPair(pairs)
  if (means === undefined) return undefined
  const savings = (pairs as BeforeAfter[]).map(({ firstStage, reranked }) => firstStage - reranked)
  return { ...means, saved: meanOf(savings), interval: bootstrapInterval(savings, bootstrapOf(options)) }
}

function moneyOf<C extends Candidate>(
  records: readonly EndToEndRecord[],
  options: EndToEndOptions<C>,
): EndToEndSummary['money'] {
  const { price, rerankCost: reranking = 0 } = options
  const input = meanPair(records.map(({ inputTokens }) => inputTokens))
  if (price === undefined || input === undefined) return undefined
  const output = meanPair(records.map(({ outputTokens }) => outputTokens)) ?? { firstStage: 0, reranked: 0 }
  const costOf = (way: keyof BeforeAfter): number =>
    (input[way] * price.input + output[way] * (price.output ?? 0)) / 1e6
  const [firstStage, reranked] = [costOf('firstStage'), costOf('reranked')]
  return { firstStage, reranked, reranking, saved: firstStage - reranked - reranking }
}

/** The means of both sides; nothing when a record lacks them. */
function meanPair(pairs: readonly (BeforeAfter | undefined)[]): BeforeAfter | undefined {
  const all = pairs.filter((pair) => pair !== undefined)
  if (all.length < pairs.length) return undefined
  return {
    firstStage: meanOf(all.map(({ firstStage }) => firstStage)),
    reranked: meanOf(all.map(({ reranked }) => reranked)),
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(3)}`
}
