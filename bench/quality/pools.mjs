/** First-stage pools, made once by `python -m evaluate.trec` of training/ and kept in the ignored bench/build/pools. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths, requirePath } from '../lib/paths.mjs'

/**
 * @param {string} set name of a folder of the optional data
 * @param {number} limit at most this many questions, the first of a fixed shuffle
 * @returns {{ set: string, available: number, texts: Record<string, string>, pools: { id: string, query: string, judged: Record<string, number>, candidates: [string, number][] }[] }}
 */
export function loadPools(set, limit) {
  const file = join(paths.build, 'pools', `${set}.json`)
  if (!existsSync(file)) makePools(set, file)
  const { available, pools } = JSON.parse(readFileSync(file, 'utf8'))
  const chosen = pools.slice(0, limit)
  return {
    set,
    available,
    texts: Object.fromEntries(chosen.flatMap(({ ids, texts }) => ids.map((id, at) => [id, texts[at]]))),
    pools: chosen.map(({ id, query, judged, ids, bm25 }) => {
      return { id, query, judged, candidates: ids.map((passage, at) => [passage, bm25[at]]) }
    }),
  }
}

/** The candidates of one pool as our library takes them. */
export function candidatesOf(pool, texts) {
  return pool.candidates.map(([id, score]) => ({ id, score, text: texts[id] }))
}

function makePools(set, file) {
  const folder = requirePath(join(paths.data, set), 'put a set in BEIR layout there, or choose others with --sets')
  requirePath(paths.trainingPython, 'set up Python as training/README.md says first')
  const { status } = spawnSync(paths.trainingPython, ['-m', 'evaluate.trec', folder, file], {
    cwd: join(paths.root, 'training'),
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}
