// Rerank whole documents, then cut the winner into paragraphs and rerank those: the right document by all it says, and in
// the prompt only the part that answers.
//
//   node examples/document-then-chunk.ts
import { createReranker, crossEncoder } from '@secondpass/core'
import { passages } from './passages.mjs'
import { rankByKeywords } from './support/bm25.mjs'

// Two rerankers of one model: the first reads documents in windows, and goes by the best one.
const scorer = crossEncoder({ longText: 'windows', workers: 1 })
const documents = createReranker({ scorer, topN: 2, deadlineMs: Number(process.env['DEADLINE_MS'] ?? 3000) })
const paragraphs = createReranker({ scorer, topN: 2 })

const question = 'What happens if my credit card expires?'
const found = (await rankByKeywords(question, chapters())).slice(0, 10)
const ranked = await documents.rerank(question, found)
const [stage] = ranked.report.stages
if (stage?.outcome !== 'ranked') console.error(`The documents are in the order of the search: ${stage?.outcome}`)

console.log(`${question} (${found.length} documents, ${stage?.stats.windows ?? 0} windows read)`)
for (const { rank, candidate } of ranked.results) {
  console.log(`  ${rank}. ${candidate.title}, ${candidate.text.length} characters`)
}

const winner = ranked.results[0]?.candidate
if (winner === undefined) throw new Error('Nothing was found.')
// Where each paragraph stands goes along, for a link to it.
const chunks = [...winner.text.matchAll(/\S.*(?:\n(?!\n).*)*/g)].map(({ 0: text, index: start }) => ({ text, start }))
const { results } = await paragraphs.rerank(question, chunks)
console.log(`Of the ${chunks.length} paragraphs of "${winner.title}":`)
for (const {
  score = 0,
  candidate: { text, start },
} of results) {
  console.log(`  ${score.toFixed(3)}  from character ${start}: ${text.split('\n')[0]}`)
}
await documents.close()

/** The passages put together again: one document for each chapter of the manual. */
function chapters(): { title: string; text: string }[] {
  const titles = new Set(passages.map(({ title }) => chapterOf(title)))
  return [...titles].map((title) => {
    const parts = passages.filter((passage) => chapterOf(passage.title) === title)
    return { title, text: parts.map(({ text }) => text).join('\n\n') }
  })
}

function chapterOf(title: string): string {
  return title.split(':')[0] ?? title
}
