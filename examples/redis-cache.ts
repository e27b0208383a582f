// Scores kept in Redis, shared by all processes that rerank: each pair of question and passage is read once. REDIS_URL names
// your Redis. Without it, the example starts the redis-server that is installed; where there is none, scores are kept in
// this process, which is what to do where no Redis is to be had (apt-get install redis-server, brew install redis).
//
//   node examples/redis-cache.ts
import { createClient } from '@redis/client'
import { type CachedScore, createReranker, crossEncoder, type ScoreCache, withCache } from '@secondpass/core'
import { LRUCache } from 'lru-cache'
import { passages } from './passages.mjs'
import { rankByKeywords } from './support/bm25.mjs'
import { startRedis } from './support/redis-server.mjs'

type Found = Awaited<ReturnType<typeof rankByKeywords<(typeof passages)[number]>>>

/** A cache is any object with `get` and `set`. Entries are plain data; the keys are digests and reveal nothing. */
async function redisCache(url: string): Promise<ScoreCache & { close(): Promise<void> }> {
  const redis = createClient({ url })
  // A Redis that is gone costs time, and no answers: what cannot be read is scored, and counts in `cacheErrors`.
  redis.on('error', (error) => console.error('The cache cannot be reached:', error))
  await redis.connect()
  return {
    async get(key) {
      const entry = await redis.get(`secondpass:${key}`)
      return entry === null ? undefined : JSON.parse(entry)
    },
    set: (key, score) => redis.set(`secondpass:${key}`, JSON.stringify(score), { EX: 24 * 60 * 60 }),
    close: () => redis.close(),
  }
}

const server = process.env['REDIS_URL'] === undefined ? await startRedis() : undefined
const url = process.env['REDIS_URL'] ?? server?.url
const redis = url === undefined ? undefined : await redisCache(url)
if (redis === undefined) console.log('There is no Redis here: scores are kept in this process alone.')
const cache = redis ?? new LRUCache<string, CachedScore & {}>({ max: 100_000 })

const question = 'What happens if my credit card expires?'
const found = await rankByKeywords(question, passages)

await ask('First process, 20 passages', found.slice(0, 20))
await ask('Another process, the same', found.slice(0, 20))
await ask('A third one, 30 passages', found.slice(0, 30))

await redis?.close()
await server?.stop()

/** A separate reranker plays the part of another process: all they share is the cache. */
async function ask(heading: string, candidates: Found): Promise<void> {
  const reranker = createReranker({ scorer: withCache(crossEncoder(), cache) })
  const { results, report } = await reranker.rerank(question, candidates)
  await reranker.close()
  const { cacheHits = 0, runs = 0 } = report.stages[0]?.stats ?? {}
  console.log(
    `${heading}: ${cacheHits} from the cache, ${runs} read by the model; best: ${results[0]?.candidate.title}`,
  )
}
