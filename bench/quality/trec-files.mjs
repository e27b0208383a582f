/** Runs and judgements as TREC files, for a second opinion by other tools. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../lib/paths.mjs'

/** Writes `raw/runs/SET.WAY.run` and `raw/runs/SET.qrels`. The score is minus the rank, so that no tool sees a tie. */
export function writeRun({ set, pools }, way, ranked) {
  const folder = join(paths.raw, 'runs')
  mkdirSync(folder, { recursive: true })
  const lines = pools.flatMap((pool, i) =>
    ranked[i].map((id, place) => `${pool.id} Q0 ${id} ${place + 1} ${-place} ${way}`),
  )
  writeFileSync(join(folder, `${set}.${way}.run`), `${lines.join('\n')}\n`)
  const judged = pools.flatMap((pool) =>
    Object.entries(pool.judged).map(([id, grade]) => `${pool.id} 0 ${id} ${grade}`),
  )
  writeFileSync(join(folder, `${set}.qrels`), `${judged.join('\n')}\n`)
}
