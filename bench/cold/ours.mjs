/** Process start to first score with the bundled model. */
import { finish, mark } from './mark.mjs'
import { query, text } from './question.mjs'

const { createReranker } = await import('../../packages/core/dist/index.js')
mark('imported')
const { results } = await createReranker().rerank(query, [text])
finish(results[0].score)
process.exit(0)
