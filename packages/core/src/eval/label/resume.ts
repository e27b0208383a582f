import { type RerankError } from '../../errors.js'
import { malformedLine } from '../read/lines.js'
import { type LabelledQuery, type NumberedQuery, readQueries } from './line.js'

/** What an earlier run left behind. */
export interface Resumed {
  /** How many queries it labelled. */
  readonly labelled: number
  /** How many it left out before its last line. */
  readonly leftOut: number
  /** Who labelled its last line; empty when there is none. */
  readonly scorerIds: ReadonlySet<string>
}

/**
 * Moves the input to the first query that an earlier run did not come to: the one after its last line. What that run left
 * out before is behind us, so that a run in two parts writes what a run in one part writes.
 *
 * @param bytes how much of the output are whole lines.
 * @throws RerankError `'invalid-argument'` when the output is not of this input.
 */
export async function resume(input: AsyncGenerator<NumberedQuery>, output: string, bytes: number): Promise<Resumed> {
  let [labelled, leftOut] = [0, 0]
  let scorerIds = new Set<string>()
  for await (const earlier of readQueries(output, bytes)) {
    let next = await input.next()
    while (next.done !== true && !isSame(next.value.query, earlier.query)) {
      leftOut += 1
      next = await input.next()
    }
    if (next.done === true) throw foreign(output, earlier)
    labelled += 1
    const ids = newIds(earlier.query, next.value.query)
    if (ids.size > 0) scorerIds = ids
  }
  return { labelled, leftOut, scorerIds }
}

/** Whether a line of the output is of this query with these candidates. */
function isSame(query: LabelledQuery, earlier: LabelledQuery): boolean {
  const essence = ({ id, set, query: asked, candidates }: LabelledQuery): string =>
    JSON.stringify([id, set, asked, candidates.map((candidate) => [candidate.id, candidate.text])])
  return query.id === earlier.id && essence(query) === essence(earlier)
}

/** The scorers that labelled a line, those left aside that the input had already. */
function newIds(labelled: LabelledQuery, query: LabelledQuery): Set<string> {
  const ids = new Set(labelled.candidates.flatMap(({ scores }) => Object.keys(scores)))
  for (const { scores } of query.candidates) for (const id of Object.keys(scores)) ids.delete(id)
  return ids
}

function foreign(output: string, { line }: NumberedQuery): RerankError {
  return malformedLine(output, line, 'the input has no such query at this place; choose another output')
}
