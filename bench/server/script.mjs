/** A short script: one question, five passages, and out. Started as `node bench/server/script.mjs CORE WORKERS`. */
const { createReranker, crossEncoder } = await import(process.argv[2])
const reranker = createReranker({ scorer: crossEncoder({ workers: Number(process.argv[3]), passageCacheMiB: 0 }) })
const passages = [
  'The river rises in spring.',
  'Keys are kept in the office.',
  'Bread.',
  'A lamp.',
  'The cellar is locked.',
]
await reranker.rerank('where is the key', passages)
// Since the process was started, by its own clock.
const scoredMs = performance.now()
await reranker.close()
console.log(JSON.stringify({ scoredMs, peakMiB: process.resourceUsage().maxRSS / 1024 }))
