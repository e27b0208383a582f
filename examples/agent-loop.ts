// An agent that searches several times before it answers, as agents do, often for the same thing. All agents of the process
// share one reranker and one cache: a pair of question and passage is read once. The agent is a tool loop of the AI SDK;
// its language model is a stand-in (support/stand-in-agent.mjs).
//
//   node examples/agent-loop.ts
import { createReranker, crossEncoder, withCache } from '@secondpass/core'
import { generateText, jsonSchema, stepCountIs, tool } from 'ai'
import { LRUCache } from 'lru-cache'
import { passages } from './passages.mjs'
import { standInAgent } from './support/stand-in-agent.mjs'
import { rankByKeywords } from './support/bm25.mjs'

// 100,000 scores are a few megabytes. Between processes, take Redis: redis-cache.ts.
const cache = new LRUCache<string, object | number>({ max: 100_000 })
const reranker = createReranker({
  scorer: withCache(crossEncoder({ workers: 1 }), cache),
  topN: 3,
  deadlineMs: Number(process.env['DEADLINE_MS'] ?? 2000),
  onError: 'keep-order', // an agent does better with the order of the search than with an error
})

const search = tool({
  description: 'Searches the manual. Ask in a whole sentence.',
  inputSchema: jsonSchema<{ question: string }>({
    type: 'object',
    properties: { question: { type: 'string', minLength: 1 } },
    required: ['question'],
  }),
  async execute({ question }, { abortSignal }) {
    const found = (await rankByKeywords(question, passages)).slice(0, 20)
    const { results, report } = await reranker.rerank(question, found, { signal: abortSignal })
    const { cacheHits = 0, runs = 0 } = report.stages[0]?.stats ?? {}
    console.log(`  ${question} ${cacheHits} scores from the cache, ${runs} texts read`)
    return results.map(({ candidate: { title, text } }) => ({ title, text }))
  },
})

for (const [name, task] of [
  ['First agent', 'What happens if my credit card expires? And who gets the invoice?'],
  ['Second agent', 'What happens if my credit card expires?'],
] as const) {
  console.log(name)
  const { text, steps } = await generateText({
    model: standInAgent(), // yours: openai('gpt-5-mini'), anthropic('claude-haiku-4-5'), …
    tools: { search },
    stopWhen: stepCountIs(8), // an agent that goes round in circles ends
    prompt: task,
  })
  console.log(`  ${steps.length} steps: ${text}`)
}
await reranker.close()
