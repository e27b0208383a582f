import type { Outcome, RankedResult, Ranking, SkipReason } from '@secondpass/core'

/** What a run adds to a result that depends on the run and not on the pair is left out: equal input gives equal output. */
export type PrintedResult = Readonly<Record<string, unknown>>

/** A result as it is printed: `rank` first, the candidate last, or only its `id` when candidates are left out. */
export function printedResult({ rank, candidate, ...rest }: RankedResult, idsOnly: boolean): PrintedResult {
  const { scorerId: _sameForAll, ...numbers } = rest
  if (!idsOnly) return { rank, ...numbers, candidate }
  return candidate.id === undefined ? { rank, ...numbers } : { rank, ...numbers, id: candidate.id }
}

/** How the last stage of a call ended, and why it was not `'ranked'`. */
export interface PrintedOutcome {
  readonly outcome: Outcome
  readonly scorerId: string
  readonly skipReason?: SkipReason
  readonly error?: string
}

/** How the last stage ended. Nothing for a call without candidates, which runs no stage. */
export function printedOutcome({ report }: Ranking): PrintedOutcome | undefined {
  const stage = report.stages.at(-1)
  if (stage === undefined) return undefined
  const { outcome, skipReason, error, scorerId } = stage
  return { outcome, scorerId, ...(skipReason && { skipReason }), ...(error && { error: error.message }) }
}
