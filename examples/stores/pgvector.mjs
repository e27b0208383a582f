// @ts-check
// Reranking what pgvector finds. PGlite is Postgres inside this process; with a server of your own, the SQL is the same.
// npm install @secondpass/core @electric-sql/pglite@0.5.14 @electric-sql/pglite-pgvector@0.0.15
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { createReranker } from '@secondpass/core'
import { passages } from '../passages.mjs'
import { wordVector } from '../support/word-vector.mjs'

const db = await PGlite.create({ extensions: { vector } })
await db.exec(`
  CREATE EXTENSION vector;
  CREATE TABLE passages (title text, text text, embedding vector(512));
`)
for (const { title, text } of passages) {
  // wordVector counts words and knows nothing of meaning: put your embedding model in its place.
  await db.query('INSERT INTO passages VALUES ($1, $2, $3)', [title, text, JSON.stringify(wordVector(text))])
}

const question = 'What happens if my credit card expires?'
// pgvector's operators are distances, small for near, and a score is higher for better. So: 1 - (a <=> b) for cosine,
// -(a <-> b) for Euclidean and -(a <#> b) for the inner product, which <#> gives negated. ORDER BY keeps the bare
// operator, or no index is used.
const { rows } = await db.query(
  `SELECT title, text, 1 - (embedding <=> $1) AS score FROM passages ORDER BY embedding <=> $1 LIMIT 20`,
  [JSON.stringify(wordVector(question))],
)
const candidates = /** @type {{ title: string, text: string, score: number }[]} */ (rows)

const reranker = createReranker()
const { results } = await reranker.rerank(question, candidates, { topN: 3 })
console.log(question)
for (const { score = 0, index, candidate } of results) {
  console.log(`  ${score.toFixed(3)}  was ${index + 1}  similarity ${candidate.score.toFixed(3)}  ${candidate.title}`)
}
await reranker.close()
await db.close()
