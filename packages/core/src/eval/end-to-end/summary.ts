import { bootstrapInterval, mean, type Tally, tally } from '../bootstrap.js'
import type { BeforeAfter } from '../context.js'
import { spreadOf } from '../lift.js'
import { decide, moreWords, percent, signed, type Verdict, verdictOn } from '../verdict.js'
import type { EndToEndJob, EndToEndRecord, EndToEndSummary } from './options.js'

/** What the records say together. */
export function summarize(
  records: readonly EndToEndRecord[],
  options: Pick<EndToEndJob, Limits | 'topN' | 'rerankedTopN' | 'grade' | 'price' | 'rerankCost'>,
): EndToEndSummary {
  const { topN, rerankedTopN, grade } = options
  const lift = tally(
    records.map(({ difference }) => difference),
    options,
  )
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

type Limits = 'worthwhile' | 'confidence' | 'resamples' | 'seed'

function verdictOnGrade(
  lift: Tally,
  grades: BeforeAfter,
  { worthwhile, confidence }: Pick<EndToEndJob, Limits>,
): Verdict {
  const relative = grades.firstStage > 0 ? { relative: lift.difference / grades.firstStage } : {}
  return verdictOn('grade', { ...lift, ...grades, ...relative }, { worthwhile, confidence })
}

const WORDS = {
  helps: 'Answers are better with the reranker',
  'no-measurable-help': 'No measurable difference between the answers',
  hurts: 'Answers are worse with the reranker',
  'too-few-queries': 'Too few questions to tell',
} as const

function verdictOnPreference(lift: Tally, { worthwhile, confidence }: Pick<EndToEndJob, Limits>): Verdict {
  const { difference, wins, ties, losses, interval } = lift
  const decision = decide(lift, worthwhile)
  const words = `${WORDS[decision.kind]}${moreWords(decision.moreQueries)}`
  const [from, to] = interval.map(signed)
  const sentence = `${words}: preferred in ${wins}, equal in ${ties} and worse in ${losses} of ${wins + ties + losses} questions; net preference ${signed(difference)} (${percent(confidence)} interval ${from} to ${to}).`
  return { ...decision, metric: 'preference', sentence }
}

function tokensOf(
  records: readonly EndToEndRecord[],
  { resamples, confidence, seed }: Pick<EndToEndJob, Limits>,
): EndToEndSummary['tokens'] {
  const pairs = records.map(({ inputTokens }) => inputTokens)
  const means = meanPair(pairs)
  if (means === undefined) return undefined
  const savings = (pairs as BeforeAfter[]).map(({ firstStage, reranked }) => firstStage - reranked)
  return { ...means, saved: mean(savings), interval: bootstrapInterval(savings, { resamples, confidence, seed }) }
}

function moneyOf(
  records: readonly EndToEndRecord[],
  { price, rerankCost: reranking }: Pick<EndToEndJob, 'price' | 'rerankCost'>,
): EndToEndSummary['money'] {
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
    firstStage: mean(all.map(({ firstStage }) => firstStage)),
    reranked: mean(all.map(({ reranked }) => reranked)),
  }
}
