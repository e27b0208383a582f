/** Process start to first score with the bundled model: `node ours.mjs FILE_OF_DIST`. */
import { finish, mark, query, text } from './mark.mjs'

const dist = new URL('../../packages/core/dist/', import.meta.url)

const { createReranker } = await import(new URL(process.argv[2] ?? 'index.js', dist).href)
mark('imported')
const { results } = await createReranker().rerank(query, [text])
finish(results[0].score)
process.exit(0)
