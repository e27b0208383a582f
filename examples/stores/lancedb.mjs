// @ts-check
// Reranking what LanceDB finds: as the reranker of a hybrid query, and over the rows of a query by vector alone.
// npm install @secondpass/core @secondpass/lancedb @lancedb/lancedb@0.39.0 apache-arrow@18.1.0
// Node.js 22
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, Index } from '@lancedb/lancedb'
import { createReranker } from '@secondpass/core'
import { HybridReranker, rerankRows } from '@secondpass/lancedb'
import { passages } from '../passages.mjs'
import { wordVector } from '../support/word-vector.mjs'

const folder = mkdtempSync(join(tmpdir(), 'secondpass-lancedb-'))
const db = await connect(folder)
// wordVector counts words and knows nothing of meaning: put your embedding model in its place.
const table = await db.createTable(
  'passages',
  passages.map(({ title, text }) => ({ title, text, vector: wordVector(text) })),
)
await table.createIndex('text', { config: Index.fts() })

const question = 'What happens if my credit card expires?'
const reranker = createReranker()

// 1. A hybrid query. Its limit is what each search finds; topN is what comes back.
const hybrid = await table
  .query()
  .nearestTo(wordVector(question))
  .fullTextSearch(question)
  .rerank(new HybridReranker({ reranker, topN: 3 }))
  .limit(20)
  .toArray()
print('Hybrid', hybrid)

// 2. Any other query, here by cosine distance: small for near, which rerankRows turns round.
const rows = await table.query().nearestTo(wordVector(question)).distanceType('cosine').limit(20).toArray()
print('By vector', await rerankRows(reranker, { query: question, rows, topN: 3 }))

await reranker.close()
db.close()
rmSync(folder, { recursive: true })

/**
 * @param {string} heading
 * @param {{ title: string, _relevance_score?: number }[]} found
 */
function print(heading, found) {
  console.log(heading)
  for (const { title, _relevance_score: score = 0 } of found) console.log(`  ${score.toFixed(3)}  ${title}`)
}
