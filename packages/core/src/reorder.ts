import type { Candidate, TextNote } from './types.js'
import { mix } from './blend.js'
import type { Entry, Scored } from './entry.js'
import { orderByDescending } from './order.js'
import type { ResolvedStage } from './settings.js'

/** A head that was scored, as the order needs it. */
export interface ScoredHead {
  readonly scored: Scored
  readonly notes: readonly (TextNote | undefined)[]
  readonly scoresRise: boolean
}

/** The head in its new order, each entry with the numbers of this stage. */
export function reorder<C extends Candidate>(
  stage: ResolvedStage,
  head: readonly Entry<C>[],
  { scored, notes, scoresRise }: ScoredHead,
): { ordered: Entry<C>[]; blended: boolean } {
  const blended = blendedNumbers(stage, head, { scored, notes, scoresRise })
  const ordered = orderByDescending(blended ?? scored.numbers).map((at): Entry<C> => {
    const { candidate, index, text, firstStageScore } = head[at] as Entry<C>
    const number = scored.numbers[at] as number
    return {
      ...notes[at],
      candidate,
      index,
      text,
      ...(firstStageScore === undefined ? {} : { firstStageScore }),
      ...(scored.probabilities ? { score: scored.probabilities[at] as number, logit: number } : { score: number }),
      ...(blended ? { blendedScore: blended[at] as number } : {}),
      scorerId: scored.scorer.id,
    }
  })
  return { ordered, blended: blended !== undefined }
}

function blendedNumbers(
  stage: ResolvedStage,
  head: readonly Entry[],
  { scored, scoresRise }: ScoredHead,
): number[] | undefined {
  const { blend } = stage
  if (blend === undefined || (blend.higherIsBetter === undefined && scoresRise)) return undefined
  return mix(
    blend,
    scored.numbers,
    head.map((entry) => entry.firstStageScore),
  )
}
