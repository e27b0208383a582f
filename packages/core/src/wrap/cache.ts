import { invalidArgument } from '../errors.js'
import type { Scorer } from '../types.js'
import { CachedCall, type Flights } from './cache-call.js'
import type { ScoreCache } from './cache-entry.js'
import { wrapScorer } from './wrapper.js'

/**
 * Keeps scores of pairs, so that the same text is not read twice for the same query. Only for `'pair'` scorers: the score
 * of a `'pool'` scorer depends on the other texts.
 *
 * A key covers the scorer's id, the query and the text, so a cache may be shared by many scorers and outlive a change of
 * model. Calls that miss the same pair at the same time score it once. A cache that fails, or holds something that is no
 * score, only costs time. The report counts `cacheHits`, `cacheMisses`, and `cacheErrors`.
 *
 * @param cache a bounded one for anything that runs long: a plain `Map` grows without end.
 * @throws RerankError `'invalid-argument'` for a scorer of scope `'pool'` or a cache without `get` and `set`.
 */
export function withCache(scorer: Scorer<'pair'>, cache: ScoreCache): Scorer<'pair'> {
  if (scorer?.scope !== 'pair') {
    throw invalidArgument('scorer', scorer, "pass a scorer of scope 'pair': other scores depend on the whole pool")
  }
  if (typeof cache?.get !== 'function' || typeof cache.set !== 'function') {
    throw invalidArgument('cache', cache, 'pass a Map, an LRUCache or another object with get(key) and set(key, entry)')
  }
  const flights: Flights = new Map()
  return wrapScorer({
    id: () => scorer.id,
    scope: 'pair',
    inner: [scorer],
    scale: scorer,
    score: (query, texts, call) => new CachedCall({ scorer, cache, flights }, query, call).score(texts),
  })
}
