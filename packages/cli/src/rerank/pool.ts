import type { Outcome, RankedResult, Ranking, SkipReason } from '@secondpass/core'
import { type ExitCode, exitCodes, oneLine } from '../errors.js'
import { type ReadCandidate, objectOf, readCandidate } from '../input/json-lines.js'
import { nameOf, readLines } from '../input/open.js'
import { type Io, tell, write } from '../io.js'
import type { Loaded } from '../scorer/load.js'
import type { ScorerFlags } from '../scorer/options.js'
import type { Shard } from '../work/batch.js'

/** The options of `secondpass rerank`. */
export interface RerankFlags extends ScorerFlags {
  readonly input?: string
  readonly output?: string
  readonly overwrite?: boolean
  readonly shard?: Shard
  readonly topN?: number
  readonly depth?: number
  readonly minScore?: number
  readonly skip?: string
  readonly onError?: 'throw' | 'keep-order'
  readonly badLines: 'stop' | 'skip'
  readonly concurrency: number
  readonly idsOnly?: boolean
}

/**
 * A result as it is printed: `rank` first, the candidate last, as it came, or only its `id` when candidates are left out.
 * What depends on the run and not on the pair is not printed: equal input gives equal output.
 */
export function printedResult(
  { rank, candidate, scorerId: _sameForAll, ...numbers }: RankedResult,
  candidates: readonly ReadCandidate[],
  idsOnly: boolean,
): string {
  const given = candidates[numbers.index]
  // A reranker of the caller's own may hand back what it likes.
  const isSame = given?.value === candidate
  const members = Object.entries({ rank, ...numbers }).map(([key, value]) => [key, JSON.stringify(value)] as const)
  if (idsOnly) return objectOf([...members, ['id', isSame ? given.idSource : JSON.stringify(candidate.id)]])
  return objectOf([...members, ['candidate', isSame ? given.source : JSON.stringify(candidate)]])
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

/** Reranks one pool: each line of the input is a candidate, each line of the output a result, best first. */
export async function rerankPool(
  { query, flags }: { readonly query: string; readonly flags: RerankFlags },
  { reranker }: Loaded,
  io: Io,
): Promise<ExitCode> {
  const { candidates, leftOut } = await readPool(flags, io)
  tellLeftOut(leftOut, flags.input, io)
  if (candidates.length === 0) tell(io, `secondpass: ${nameOf(flags.input ?? '-')} holds no candidates`)
  const values = candidates.map(({ value }) => value)
  const ranking = await reranker.rerank(query, values, { signal: io.signal })
  const ended = printedOutcome(ranking)
  if (ended !== undefined && ended.outcome !== 'ranked') {
    tell(io, `secondpass: the order was kept (${ended.outcome}): ${JSON.stringify(ended.skipReason ?? ended.error)}`)
  }
  const lines = ranking.results.map((result) => printedResult(result, candidates, flags.idsOnly === true))
  if (lines.length > 0) await write(io, `${lines.join('\n')}\n`)
  return leftOut > 0 ? exitCodes.incomplete : exitCodes.ok
}

/** How many lines could not be read, after each was named. */
export function tellLeftOut(count: number, input: string | undefined, io: Io): void {
  if (count > 0) tell(io, `secondpass: ${count} line${count === 1 ? '' : 's'} of ${nameOf(input ?? '-')} left out`)
}

async function readPool(
  { input = '-', badLines }: RerankFlags,
  io: Io,
): Promise<{ candidates: ReadCandidate[]; leftOut: number }> {
  const candidates: ReadCandidate[] = []
  let leftOut = 0
  for await (const line of readLines(input, io)) {
    io.signal.throwIfAborted()
    try {
      candidates.push(readCandidate(line))
    } catch (error) {
      if (badLines === 'stop') throw error
      tell(io, `secondpass: left out: ${oneLine(error)}`)
      leftOut += 1
    }
  }
  return { candidates, leftOut }
}
