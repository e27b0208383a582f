// @ts-check
// The shortest use: a question and what a search found for it go in, the best come out. No key, no network.
import { createReranker } from '@secondpass/core'

const reranker = createReranker()
const { results, report } = await reranker.rerank('How do I change my password?', [
  'Passwords are stored as salted hashes and never leave our servers.',
  'Changing your plan: open Billing and pick another plan.',
  'To set a new password, open Settings, then Security, and confirm with the code we email you.',
  'You can change the name of a project at any time.',
])
for (const { score, index, candidate } of results) {
  console.log(`${score?.toFixed(2)}  was ${index + 1}  ${candidate.text}`)
}
console.log(`${report.candidates} texts read in ${report.durationMs.toFixed(0)} ms`)
