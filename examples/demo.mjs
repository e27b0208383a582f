/**
 * What the demo command prints: a question before and after reranking, what moved, how long it took; then ten questions.
 *
 * The passages come from the manual of a product that does not exist (passages.mjs), and a small BM25 stands in for your
 * search. Nothing here needs a key or a network.
 */
import { createReranker } from '@secondpass/core'
import { passages, questions } from './passages.mjs'
import { rankByKeywords } from './support/bm25.mjs'

/** @typedef {import('./passages.mjs').Passage & { score: number }} Found */
/** @typedef {import('@secondpass/core').Ranking<Found>} Ranking */
/** @typedef {import('./passages.mjs').Question} Question */

const shown = 5
const columns = 80
const colours = process.stdout.isTTY && process.stdout.hasColors()
const bold = (/** @type {string} */ text) => (colours ? `\u001b[1m${text}\u001b[22m` : text)
const right = (/** @type {string | number} */ value, /** @type {number} */ width) => String(value).padStart(width)
const milliseconds = (/** @type {number} */ value) => `${value.toFixed(1)} ms`

const [example] = questions
if (example === undefined) throw new Error('passages.mjs has no questions')

const reranker = createReranker()
const startedAt = performance.now()
await reranker.warmup()
const loadMs = performance.now() - startedAt
const first = await ask(example)
const second = await ask(example)

console.log(`${passages.length} passages from the manual of an invented product; one answers (*).`)
console.log(`Model: ${first.report.stages[0]?.scorerId ?? 'none'}\n`)
console.log(`${bold('Question:')} ${example.question}\n`)
await printFirstStage(example)
printReranked(first, example)
printTimings(first, second)
await printAllQuestions()
await reranker.close()

/** All that an application does: find candidates and rerank them. */
async function ask(/** @type {Question} */ { question }) {
  return reranker.rerank(question, await rankByKeywords(question, passages))
}

async function printFirstStage(/** @type {Question} */ { question, answerId }) {
  const ranked = await rankByKeywords(question, passages)
  console.log(bold('First stage: BM25, by the words they share'))
  console.log('rank    score    passage')
  for (const [index, { id, title, score }] of ranked.slice(0, shown).entries()) {
    console.log(`${right(index + 1, 4)} ${right(score.toFixed(3), 8)}  ${mark(id, answerId)} ${title}`)
  }
  console.log()
}

function printReranked(/** @type {Ranking} */ { results, report }, /** @type {Question} */ { answerId }) {
  console.log(bold(`Reranked: ${report.stages[0]?.blended ? 'by BM25 and model mixed (the default)' : 'by the model'}`))
  console.log('rank    model  blended     moved    passage')
  for (const { candidate, index, rank, score, blendedScore } of results.slice(0, shown)) {
    const numbers = [score, blendedScore].map((number) => right(number?.toFixed(3) ?? '-', 8)).join(' ')
    const moved = index + 1 === rank ? 'stayed' : `${index + 1} -> ${rank}`
    console.log(`${right(rank, 4)} ${numbers} ${right(moved, 9)}  ${mark(candidate.id, answerId)} ${candidate.title}`)
  }
  printWhatWasNotDone(report)
  console.log()
}

/** A stage that was skipped, late or failed leaves the order as it was and says so; here that would be a fault. */
function printWhatWasNotDone(/** @type {Ranking['report']} */ { stages }) {
  for (const { outcome, scorerId, skipReason, error } of stages) {
    if (outcome === 'ranked') continue
    console.log(`${scorerId} was ${outcome}: ${skipReason?.policy ?? error?.message ?? 'no reason given'}`)
    process.exitCode = 1
  }
}

function printTimings(/** @type {Ranking} */ once, /** @type {Ranking} */ again) {
  const pairs = again.report.candidates
  console.log(bold('Timings, one thread'))
  console.log(`load the model   ${right(milliseconds(loadMs), 12)}`)
  console.log(`first call       ${right(milliseconds(once.report.durationMs), 12)}  ${pairs} pairs`)
  console.log(`second call      ${right(milliseconds(again.report.durationMs), 12)}  ${pairs} pairs`)
  console.log(`a pair           ${right(milliseconds(again.report.durationMs / pairs), 12)}\n`)
}

async function printAllQuestions() {
  console.log(bold('Where the answer stands: before, after, and by the model alone'))
  console.log('before after alone          question')
  /** @type {ReturnType<typeof findAnswer>[]} */
  const all = []
  for (const question of questions) {
    const places = findAnswer(await ask(question), question)
    all.push(places)
    const change = places.after < places.before ? 'better' : places.after > places.before ? 'worse' : 'same'
    const row = `${right(places.before, 6)} ${right(places.after, 5)} ${right(places.alone, 5)}  ${change.padEnd(6)}  `
    console.log(row + cut(question.question, columns - row.length))
  }
  const mean = (/** @type {'before' | 'after' | 'alone'} */ when) =>
    (all.reduce((sum, places) => sum + 1 / places[when], 0) / all.length).toFixed(3)
  console.log(`${right(mean('before'), 6)} ${mean('after')} ${mean('alone')}          mean reciprocal rank`)
  console.log('\nIn half of these questions shared words mislead, which favours the model alone;')
  console.log('on most collections measured the mix is better. Ten questions prove nothing: see')
  console.log('the README for measurements.')
}

/** The rank of the answering passage in the first stage, in the answer, and by the model's own number alone. */
function findAnswer(/** @type {Ranking} */ { results }, /** @type {Question} */ { answerId }) {
  const answer = results.find(({ candidate }) => candidate.id === answerId)
  if (answer?.logit === undefined) throw new Error(`${answerId} was not scored among ${results.length} results`)
  const better = results.filter(({ logit = NaN }) => logit > (answer.logit ?? NaN))
  return { before: answer.index + 1, after: answer.rank, alone: better.length + 1 }
}

function mark(/** @type {string} */ id, /** @type {string} */ answerId) {
  return id === answerId ? '*' : ' '
}

function cut(/** @type {string} */ text, /** @type {number} */ room) {
  return text.length > room ? `${text.slice(0, room - 3)}...` : text
}
