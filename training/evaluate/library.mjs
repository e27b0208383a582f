/**
 * Ranks pools by the TypeScript library, for `python -m evaluate.agree` to hold its own numbers against.
 *
 *   node evaluate/library.mjs POOLS.json OUT.json MODEL_FOLDER MAX_TOKENS BLEND [FIRST_MODEL_FOLDER KEEP]
 *
 * Writes { alone, blended, cascade? }: for each, the ids of every pool in their new order. Needs `pnpm build`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createReranker, crossEncoder } from '../../packages/core/dist/index.js'

const [poolsFile, outFile, folder, maxTokens, share, firstFolder, keep] = process.argv.slice(2)
const blend = { weight: Number(share) }
const { pools } = JSON.parse(readFileSync(poolsFile, 'utf8'))
const open = (model) => crossEncoder({ model, maxLength: Number(maxTokens) })
const scorer = open(folder)

/** Ids of every pool, best first. Scorers are shared between ways, so they are closed once, at the end. */
async function rankAll(reranker) {
  const ranked = []
  for (const { query, ids, texts, bm25 } of pools) {
    const candidates = ids.map((id, at) => ({ id, text: texts[at], score: bm25[at] }))
    const { results } = await reranker.rerank(query, candidates, { topN: candidates.length })
    ranked.push(results.map(({ candidate }) => candidate.id))
  }
  return ranked
}

const found = {
  alone: await rankAll(createReranker({ scorer, depth: 100, blend: false, skip: false })),
  blended: await rankAll(createReranker({ scorer, depth: 100, blend, skip: false })),
}
if (firstFolder !== undefined) {
  const first = open(firstFolder)
  const stages = [
    { scorer: first, depth: 100, blend, skip: false },
    { scorer, depth: Number(keep), blend, skip: false },
  ]
  found.cascade = await rankAll(createReranker({ stages }))
  await first.close()
}
await scorer.close()
writeFileSync(outFile, JSON.stringify(found))
