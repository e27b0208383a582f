import { type ExitCode, exitCodes } from '../exit-codes.js'
import { type ReadCandidate, candidateFault } from '../input/candidates.js'
import { badLine, parseLine } from '../input/json-lines.js'
import { nameOf, readLines } from '../input/open.js'
import { type Io, tell, write } from '../io.js'
import type { Loaded } from '../scorer/load.js'
import { printedOutcome, printedResult } from './result.js'
import type { RerankFlags } from './flags.js'

/** Reranks one pool: each line of the input is a candidate, each line of the output a result, best first. */
export async function rerankPool(
  { query, flags }: { readonly query: string; readonly flags: RerankFlags },
  { reranker }: Loaded,
  io: Io,
): Promise<ExitCode> {
  const { candidates, leftOut } = await readPool(flags, io)
  if (candidates.length === 0) tell(io, `secondpass: ${nameOf(flags.input ?? '-')} holds no candidates`)
  const ranking = await reranker.rerank(query, candidates, { signal: io.signal })
  const ended = printedOutcome(ranking)
  if (ended !== undefined && ended.outcome !== 'ranked') {
    tell(io, `secondpass: the order was kept (${ended.outcome}): ${JSON.stringify(ended.skipReason ?? ended.error)}`)
  }
  const lines = ranking.results.map((result) => JSON.stringify(printedResult(result, flags.idsOnly === true)))
  if (lines.length > 0) await write(io.stdout, `${lines.join('\n')}\n`)
  return leftOut > 0 ? exitCodes.incomplete : exitCodes.ok
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
      const value = parseLine(nameOf(input), line)
      const fault = candidateFault(value)
      if (fault !== undefined) throw badLine(nameOf(input), line, fault)
      candidates.push(value as ReadCandidate)
    } catch (error) {
      if (badLines === 'stop') throw error
      tell(io, `secondpass: left out: ${(error as Error).message}`)
      leftOut += 1
    }
  }
  return { candidates, leftOut }
}
