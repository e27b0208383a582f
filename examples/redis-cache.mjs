// @ts-check
// Scores kept in Redis, shared by all processes that rerank: each pair of question and passage is read once. The example
// starts a Redis of its own (support/redis-server.mjs) when redis-server is installed.
import { createClient } from '@redis/client'
import { createReranker, crossEncoder, withCache } from '@secondpass/core'
import { passages } from './passages.mjs'
import { rankByKeywords } from './support/bm25.mjs'
import { startRedis } from './support/redis-server.mjs'

const server = await startRedis()
if (server === undefined) {
  console.log('redis-server is not installed here: nothing to show.')
  process.exit(0)
}
const redis = createClient({ url: server.url })
redis.on('error', (error) => console.error(error))
await redis.connect()

/** A cache is any object with `get` and `set`. Entries are plain data; the keys are digests and reveal nothing. */
const cache = {
  /** @param {string} key */
  async get(key) {
    const entry = await redis.get(`secondpass:${key}`)
    return entry === null ? undefined : JSON.parse(entry)
  },
  /** @param {string} key @param {import('@secondpass/core').CachedScore} score */
  set: (key, score) => redis.set(`secondpass:${key}`, JSON.stringify(score), { EX: 24 * 60 * 60 }),
}

const question = 'What happens if my credit card expires?'
const found = await rankByKeywords(question, passages)

await ask('First process, 20 passages', found.slice(0, 20))
await ask('Another process, the same', found.slice(0, 20))
await ask('A third one, 30 passages', found.slice(0, 30))

await redis.close()
await server.stop()

/**
 * A separate reranker plays the part of another process: all they share is Redis.
 *
 * @param {string} heading
 * @param {{ text: string, title: string, score: number }[]} candidates
 */
async function ask(heading, candidates) {
  const reranker = createReranker({ scorer: withCache(crossEncoder(), cache) })
  const { results, report } = await reranker.rerank(question, candidates)
  await reranker.close()
  const { cacheHits = 0, runs = 0 } = report.stages[0]?.stats ?? {}
  console.log(`${heading}: ${cacheHits} from Redis, ${runs} read by the model; best: ${results[0]?.candidate.title}`)
}
