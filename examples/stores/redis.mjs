// @ts-check
// Reranking what Redis finds by vector, in a vector set, which Redis 8 has. The example starts the redis-server that is
// installed; set REDIS_URL to use another one. Where Redis is older, RediSearch (Redis Stack) finds by vector as well.
// npm install @secondpass/core @redis/client@6.3.1
import { createClient } from '@redis/client'
import { createReranker } from '@secondpass/core'
import { passages } from '../passages.mjs'
import { startRedis } from '../support/redis-server.mjs'
import { wordVector } from '../support/word-vector.mjs'

const given = process.env.REDIS_URL
const own = given === undefined ? await startRedis() : undefined
const url = given ?? own?.url
if (url === undefined) {
  console.log('redis-server is not installed here: install Redis 8, or set REDIS_URL.')
  process.exit(0)
}
const redis = createClient({ url })
redis.on('error', (error) => console.error(error))
await redis.connect()
const known = await redis.commandList({ FILTERBY: { type: 'PATTERN', value: 'vsim' } })
if (known.length === 0) {
  console.log('This Redis has no vector sets: Redis 8 has. Set REDIS_URL to one.')
} else await search()
await redis.close()
await own?.stop()

async function search() {
  const key = 'secondpass-example'
  for (const { id, title, text } of passages) {
    // wordVector counts words and knows nothing of meaning: put your embedding model in its place.
    await redis.vAdd(`${key}:vectors`, wordVector(text), id)
    await redis.hSet(`${key}:${id}`, { title, text })
  }
  const question = 'What happens if my credit card expires?'
  // A similarity, 1 for the same direction down to 0 for the opposite: higher is better, so it is a score as it is.
  const found = await redis.vSimWithScores(`${key}:vectors`, wordVector(question), { COUNT: 20 })
  const candidates = await Promise.all(
    Object.entries(found).map(async ([id, score]) => {
      const { title = '', text = '' } = await redis.hGetAll(`${key}:${id}`)
      return { title, text, score }
    }),
  )
  candidates.sort((left, right) => right.score - left.score)

  const reranker = createReranker()
  const { results } = await reranker.rerank(question, candidates, { topN: 3 })
  console.log(question)
  for (const { score = 0, index, candidate } of results) {
    console.log(`  ${score.toFixed(3)}  was ${index + 1}  similarity ${candidate.score.toFixed(3)}  ${candidate.title}`)
  }
  await reranker.close()
  await redis.del([`${key}:vectors`, ...passages.map(({ id }) => `${key}:${id}`)])
}
