// @ts-check
// Reranking what SQLite finds by words (FTS5) and by vectors (sqlite-vec), fused. SQLite comes with Node.js 22.13 and newer.
// npm install @secondpass/core sqlite-vec@0.1.9
// Node.js 22
import { DatabaseSync } from 'node:sqlite'
import { createReranker, reciprocalRankFusion } from '@secondpass/core'
import { load } from 'sqlite-vec'
import { passages } from '../passages.mjs'
import { wordVector } from '../support/word-vector.mjs'

const db = new DatabaseSync(':memory:', { allowExtension: true })
load(db)
db.exec(`
  CREATE TABLE passages (title TEXT, text TEXT);
  CREATE VIRTUAL TABLE words USING fts5(text, content=passages, tokenize=porter);
  CREATE VIRTUAL TABLE vectors USING vec0(embedding float[512] distance_metric=cosine);
`)
const insert = db.prepare('INSERT INTO passages VALUES (?, ?)')
const insertWords = db.prepare('INSERT INTO words (rowid, text) VALUES (?, ?)')
const insertVector = db.prepare('INSERT INTO vectors (rowid, embedding) VALUES (?, ?)')
for (const { title, text } of passages) {
  const id = BigInt(insert.run(title, text).lastInsertRowid)
  insertWords.run(id, text)
  // wordVector counts words and knows nothing of meaning: put your embedding model in its place.
  insertVector.run(id, Float32Array.from(wordVector(text)))
}

const question = 'What happens if my credit card expires?'
// The bm25() of FTS5 is negative, and the distance of sqlite-vec is small for near. A score is higher for better.
const byWords = db
  .prepare(
    `SELECT p.title, p.text, -bm25(words) AS score FROM words JOIN passages p ON p.rowid = words.rowid
     WHERE words MATCH ? ORDER BY bm25(words) LIMIT 20`,
  )
  .all((question.match(/\w+/g) ?? []).join(' OR '))
const byVector = db
  .prepare(
    `SELECT p.title, p.text, 1 - v.distance AS score FROM vectors v JOIN passages p ON p.rowid = v.rowid
     WHERE v.embedding MATCH ? AND v.k = 20 ORDER BY v.distance`,
  )
  .all(Float32Array.from(wordVector(question)))

/** @typedef {{ title: string, text: string, score: number }} Found */
const lists = /** @type {Found[][]} */ ([byWords, byVector])
const fused = reciprocalRankFusion(lists, { key: ({ title }) => title })
const candidates = fused.map(({ candidate, score, ranks }) => ({ ...candidate, score, ranks }))

const reranker = createReranker()
const { results } = await reranker.rerank(question, candidates, { topN: 3 })
console.log(question)
for (const { score = 0, candidate } of results) {
  const [words = '-', vector = '-'] = candidate.ranks
  console.log(`  ${score.toFixed(3)}  by words ${words}, by vector ${vector}  ${candidate.title}`)
}
await reranker.close()
db.close()
