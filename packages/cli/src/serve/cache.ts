import { type CachedScore, type ScoreCache, type Scorer, withCache } from '@secondpass/core'
import { misuse } from '../errors.js'
import { redisClient } from '../redis.js'

/** Scores in Redis, shared by all servers that use it. */
export interface SharedCache {
  /** Puts the cache around a scorer. */
  around(scorer: Scorer): Scorer
  close(): void
}

/** A score is that of a model and two texts, and never grows old; what nobody asks for any more should go at last. */
const SECONDS_KEPT = 7 * 24 * 60 * 60

/** How long the start waits for Redis before it goes on without. */
const LONGEST_START_MS = 1000

/**
 * Connects to Redis. One that cannot be reached, now or later, costs time and no answer: the connection is tried again in
 * the background.
 *
 * @param tell told once each time that it is lost
 * @throws CliError for what is no such URL, and when the client is not installed.
 */
export async function connectCache(url: string, tell: (message: string) => void): Promise<SharedCache> {
  let isTold = false
  const lost = (what: string): void => {
    if (!isTold) tell(`the cache cannot be reached, which costs time only (${what})`)
    isTold = true
  }
  const back = (): void => void (isTold = false)
  const client = await redisClient(url, { option: '--cache', failsFast: true, lost, back })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, LONGEST_START_MS)))
  await Promise.race([client.connect().catch(() => undefined), late])
  clearTimeout(timer)
  const cache: ScoreCache = {
    async get(key) {
      const entry = await client.get(`secondpass:${key}`)
      return entry === null ? undefined : (JSON.parse(entry) as unknown)
    },
    set: (key, score: CachedScore) =>
      client.set(`secondpass:${key}`, JSON.stringify(score), { expiration: { type: 'EX', value: SECONDS_KEPT } }),
  }
  return {
    around(scorer) {
      if (scorer.scope === 'pair') return withCache(scorer as Scorer<'pair'>, cache)
      throw misuse(`--cache has no effect on ${scorer.id}, whose scores depend on the other texts: leave it out`)
    },
    close: () => client.destroy(),
  }
}
