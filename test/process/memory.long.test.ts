import { expect, it } from 'vitest'
import { runScript } from './run-script.ts'

/** Prints how much memory the process holds after 8,000 and after 20,000 calls, each with texts never seen before. */
const script = (workers: number): string => `
  import { crossEncoder, createReranker } from '@secondpass/core'
  const reranker = createReranker({ scorer: crossEncoder({ model: './test/fixtures/tiny-bert', workers: ${workers} }) })
  const held = []
  for (let at = 1; at <= 20000; at++) {
    await reranker.rerank('question ' + at, ['text ' + at, 'another one, ' + at * 7, 'and '.repeat(at % 90)])
    if (at === 8000 || at === 20000) { gc(); gc(); held.push(process.memoryUsage().rss) }
  }
  await reranker.close()
  console.log(JSON.stringify(held))
`

it.each([
  ['in this thread', 0],
  ['in a worker', 1],
])('20,000 calls %s hold no more memory than 8,000 did', async (_, workers) => {
  const ended = await runScript(script(workers), { nodeArgs: ['--expose-gc'] })
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
  const [early, late] = JSON.parse(ended.stdout) as [number, number]
  // A leak of 2 KB a call would show; the bounded word cache, which new words fill, does not.
  expect((late - early) / 1e6).toBeLessThan(24)
})
