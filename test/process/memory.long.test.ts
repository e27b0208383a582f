import { expect, it } from 'vitest'
import { runScript } from './run-script.ts'

/** Prints how much memory the process holds after every 4,000 of 48,000 calls, each with texts never seen before. */
const script = (workers: number): string => `
  import { crossEncoder, createReranker } from '@secondpass/core'
  const reranker = createReranker({ scorer: crossEncoder({ model: './test/fixtures/tiny-bert', workers: ${workers} }) })
  const held = []
  for (let at = 1; at <= 48000; at++) {
    await reranker.rerank('question ' + at, ['text ' + at, 'another one, ' + at * 7, 'and '.repeat(at % 90)])
    if (at % 4000 === 0) { gc(); gc(); held.push(process.memoryUsage().rss) }
  }
  await reranker.close()
  console.log(JSON.stringify(held))
`

it.each([
  ['in this thread', 0],
  ['in a worker', 1],
])('48,000 calls %s hold no more memory than 24,000 did', async (_, workers) => {
  const ended = await runScript(script(workers), { nodeArgs: ['--expose-gc'] })
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
  const held = JSON.parse(ended.stdout) as number[]
  // The least of each half: the bounded word cache fills and empties again, and memory goes up and down with it.
  const [early, late] = [Math.min(...held.slice(0, 6)), Math.min(...held.slice(6))]
  // A leak of 1 KB a call would show.
  expect((late - early) / 1e6).toBeLessThan(24)
})
