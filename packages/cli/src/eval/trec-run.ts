import type { Run } from '@secondpass/core/eval'
import { CliError } from '../errors.js'
import { replaceFile } from '../files/replace.js'
import type { Pools } from '../pools/types.js'

/**
 * Writes a run as a TREC file: `query-id Q0 document-id rank score tag` on each line, with scores by place.
 *
 * @throws CliError when an id does not fit into a column, or the file cannot be written.
 */
export function saveRun(path: string, run: Run): void {
  const lines: string[] = []
  for (const [queryId, scores] of run) {
    let rank = 0
    for (const id of scores.keys()) {
      rank += 1
      refuseUnfit({ queryId, id, place: path })
      lines.push(`${queryId} Q0 ${id} ${rank} ${scores.size - rank + 1} secondpass\n`)
    }
  }
  replaceFile(path, lines.join(''))
}

/** The same pools, held to what a TREC run can say before anything is scored. */
export function fitForTrec(pools: Pools): Pools {
  async function* read(done: ReadonlySet<string>): ReturnType<Pools['read']> {
    for await (const pool of pools.read(done)) {
      for (const id of pool.ids) refuseUnfit({ queryId: pool.queryId, id, place: pool.place })
      yield pool
    }
  }
  for (const queryId of pools.queries.keys()) refuseUnfit({ queryId, id: '-', place: pools.corpus })
  return { ...pools, read }
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNFIT = /[\s\u0000-\u001f\u007f-\u009f]/u

/** A blank in an id would move the columns behind it, and whoever reads the run would read something else. */
function refuseUnfit({
  queryId,
  id,
  place,
}: {
  readonly queryId: string
  readonly id: string
  readonly place: string
}): void {
  const [what, name] = isUnfit(queryId) ? ['query', queryId] : ['document', id]
  if (!isUnfit(name)) return
  const why = name === '' ? 'is empty' : `holds U+${codeOf(name)}, a blank or a control character`
  const fix = 'a TREC run cannot hold that; give it another id (with _ for a blank), or leave out --save-run'
  throw new CliError(
    `${place}: query ${JSON.stringify(queryId)}: the ${what} id ${JSON.stringify(name)} ${why}: ${fix}`,
  )
}

function isUnfit(id: string): boolean {
  return id === '' || UNFIT.test(id)
}

function codeOf(id: string): string {
  return (UNFIT.exec(id)?.[0].charCodeAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
}
