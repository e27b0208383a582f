/** First-stage pools, made once by quality/pools.py and kept in the ignored bench/build/pools. */
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
  const loaded = JSON.parse(readFileSync(file, 'utf8'))
  return { ...loaded, pools: loaded.pools.slice(0, limit) }
}

/** The candidates of one pool as our library takes them. */
export function candidatesOf(pool, texts) {
  return pool.candidates.map(([id, score]) => ({ id, score, text: texts[id] }))
}

function makePools(set, file) {
  const folder = requirePath(join(paths.data, set), 'put a set in BEIR layout there, or choose others with --sets')
  requirePath(
    paths.python,
    'run `python3 -m venv bench/peers/.venv && bench/peers/.venv/bin/pip install -r bench/peers/requirements.txt` first',
  )
  const { status } = spawnSync(paths.python, [join(paths.root, 'bench/quality/pools.py'), folder, file], {
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}
