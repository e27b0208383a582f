import { expect, it } from 'vitest'
import { runScript } from './run-script.ts'

/** Longer than the busiest machine takes. */
const LONG_MS = 3_600_000

/** Sets timers, starts threads and opens connections in every way there is. */
const script = (workers: number): string => `
  import { createServer } from 'node:http'
  import { createReranker, crossEncoder, server, withCache, withCircuitBreaker, withFallback } from '@secondpass/core'

  const hanging = createServer(() => {}).listen(0, '127.0.0.1')
  await new Promise((resume) => hanging.once('listening', resume))

  const local = crossEncoder({ model: './test/fixtures/tiny-bert', workers: ${workers} })
  const slow = server({ url: 'http://127.0.0.1:' + hanging.address().port, dialect: 'vllm', model: 'm' })
  const reranker = createReranker({
    stages: [
      { scorer: withCache(local, new Map()), deadlineMs: ${LONG_MS} },
      { scorer: withFallback(withCircuitBreaker(slow), local, { deadlineMs: 50 }), deadlineMs: ${LONG_MS} },
      { scorer: slow, deadlineMs: 50 },
    ],
    deadlineMs: ${LONG_MS},
  })
  const { report } = await reranker.rerank('which key', ['the key', 'the river'])
  await reranker.rerank('which key', ['the key'], { signal: AbortSignal.timeout(20) }).catch(() => {})
  await reranker.close()
  hanging.closeAllConnections()
  await new Promise((resume) => setImmediate(resume))
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout')
  hanging.close()
  console.log(JSON.stringify({ outcomes: report.stages.map(({ outcome }) => outcome), timers }))
`

// That the process ends at all, and with 0, shows that no thread or socket keeps it either.
it.each([
  ['in this thread', 0],
  ['with workers', 1],
])('after close() no timer is left and the process ends by itself: %s', async (_, workers) => {
  const { exitCode, stderr, stdout } = await runScript(script(workers))
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const said = JSON.parse(stdout) as { outcomes: string[]; timers: string[] }
  expect(said.outcomes).toEqual(['ranked', 'ranked', 'late'])
  expect(said.timers).toEqual([])
})
