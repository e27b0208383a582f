import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@redis/client'
import { Queue } from 'bullmq'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../../examples/support/redis-server.mjs'
import { crossEncoder, createReranker, server, type Reranker } from '../../packages/core/dist/index.js'
import { bin } from './run-cli.ts'
import { freePort, missing, startNginx, startProcess, startReplica } from './servers.ts'

/** The topology of examples/deploy as processes of this machine: replicas, balancer and Redis. */
const config = readFileSync(join(import.meta.dirname, '../../examples/deploy/compose/nginx.conf'), 'utf8')
const model = ['--model', 'bundled-tiny', '--workers', '1', '--no-access-log']
const absent = missing('nginx', 'redis-server')
if (absent.length > 0) console.log(`left out: ${absent.join(' and ')} not installed here`)

/** Invented passages. */
const documents = [
  'Open Settings, then Security, to choose a new password.',
  'Invoices are sent by email on the first of the month.',
  'The lamp goes dark after ten minutes without movement.',
  'Members can be removed by an owner of the project.',
  'The battery lasts about a year in daily use.',
]
const questions = Array.from({ length: 400 }, (_, at) => `Question ${at}: how do I choose a new password?`)

/** What every answer must be, from the same model in this process. */
async function rightScores(): Promise<Map<string, readonly number[]>> {
  const reranker = createReranker({ scorer: crossEncoder({ model: 'bundled-tiny' }) })
  const right = new Map<string, readonly number[]>()
  for (const question of questions) right.set(question, scoresOf(await reranker.rerank(question, documents)))
  await reranker.close()
  return right
}

function scoresOf({ results }: Awaited<ReturnType<Reranker['rerank']>>): readonly number[] {
  return results.toSorted((a, b) => a.index - b.index).map(({ score }) => score as number)
}

/** So many ask at a time. */
const CLIENTS = 8

/** Asks every question, and calls `at` when so many were answered. */
async function askAll(
  reranker: Reranker,
  at: Readonly<Record<number, () => unknown>>,
  asked: readonly string[] = questions,
): Promise<Map<string, unknown>> {
  const answers = new Map<string, unknown>()
  const left = [...asked]
  const client = async (): Promise<void> => {
    for (let question = left.shift(); question !== undefined; question = left.shift()) {
      const ranking = await reranker.rerank(question, documents).catch((error: unknown) => error)
      answers.set(question, ranking instanceof Error ? ranking.message : scoresOf(ranking as never))
      await at[answers.size]?.()
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return answers
}

/** The questions that were not answered with the right scores, and with what. */
function wrong(answers: ReadonlyMap<string, unknown>, right: ReadonlyMap<string, readonly number[]>): unknown[] {
  return [...right].flatMap(([question, scores]) => {
    const answer = answers.get(question)
    return JSON.stringify(answer) === JSON.stringify(scores) ? [] : [{ question, answer, scores }]
  })
}

async function metric(url: string, name: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(page)?.[1])
}

async function redis(): Promise<string> {
  const started = (await startRedis()) as { url: string; stop(): Promise<void> }
  onTestFinished(() => started.stop())
  return started.url
}

describe.skipIf(absent.length > 0)('two replicas behind nginx, with one cache', () => {
  it('lose no answer when one is killed, and the other finds the scores of both', async () => {
    const right = await rightScores()
    const cache = await redis()
    const replicas = [
      await startReplica([...model, '--cache', cache]),
      await startReplica([...model, '--cache', cache]),
    ]
    const port = await freePort()
    const [one, two] = replicas.map((replica) => `127.0.0.1:${replica.port}`)
    const own = config.replace('replica-1:8080', String(one)).replace('replica-2:8080', String(two))
    await startNginx(own.replace('listen 8080', `listen 127.0.0.1:${port}`))
    const reranker = createReranker({ scorer: server({ dialect: 'vllm', url: `http://127.0.0.1:${port}` }) })
    let servedByFirst = 0
    const answers = await askAll(reranker, {
      100: async () => {
        servedByFirst = await metric(replicas[0]?.url ?? '', 'secondpass_documents_total')
        await replicas[0]?.end('SIGKILL')
      },
    })
    expect(wrong(answers, right)).toEqual([])
    expect(servedByFirst).toBeGreaterThan(0)
    // Everything was asked once; what the first had scored, the second reads from the cache. Scores are written behind the
    // answer, so those of the calls that were under way at the kill may be lost with it.
    const before = await metric(replicas[1]?.url ?? '', 'secondpass_cache_hits_total')
    const again = await askAll(reranker, {})
    expect(wrong(again, right)).toEqual([])
    const hits = (await metric(replicas[1]?.url ?? '', 'secondpass_cache_hits_total')) - before
    expect(hits).toBeGreaterThanOrEqual((questions.length - CLIENTS) * documents.length)
    expect(hits).toBeLessThanOrEqual(questions.length * documents.length)
    await reranker.close()
  })

  it('lose no answer while each is replaced in turn', async () => {
    const right = await rightScores()
    const ports = [await freePort(), await freePort(), await freePort()]
    const replica = (at: number): ReturnType<typeof startReplica> =>
      startReplica([...model, '--port', String(ports[at])])
    const running = [await replica(0), await replica(1)]
    const own = config
      .replace('replica-1:8080', `127.0.0.1:${ports[0]}`)
      .replace('replica-2:8080', `127.0.0.1:${ports[1]}`)
    await startNginx(own.replace('listen 8080', `listen 127.0.0.1:${ports[2]}`))
    const reranker = createReranker({ scorer: server({ dialect: 'tei', url: `http://127.0.0.1:${ports[2]}` }) })
    // As a rollout does: the next one goes when the new one takes part.
    const replace = async (at: number): Promise<void> => {
      await running[at]?.end('SIGTERM')
      const { url } = (running[at] = await replica(at))
      while ((await metric(url, 'secondpass_documents_total')) === 0) await new Promise((next) => setTimeout(next, 50))
    }
    let isReplaced = false
    const replaced = replace(0)
      .then(() => replace(1))
      .finally(() => (isReplaced = true))
    let asked = 0
    while (!isReplaced) {
      const answers = await askAll(reranker, {}, questions.slice(0, 40))
      expect(wrong(answers, new Map([...right].slice(0, 40)))).toEqual([])
      asked += answers.size
    }
    await replaced
    expect(asked).toBeGreaterThan(0)
    await reranker.close()
  })
})

it('server({ urls }) spreads requests over replicas and loses no answer when one is killed', async () => {
  const right = await rightScores()
  const replicas = [await startReplica(model), await startReplica(model)]
  const urls = replicas.map(({ url }) => url)
  const reranker = createReranker({ scorer: server({ dialect: 'infinity', urls }) })
  let shares: readonly number[] = []
  const answers = await askAll(reranker, {
    100: async () => {
      shares = await Promise.all(urls.map((url) => metric(url, 'secondpass_documents_total')))
      await replicas[0]?.end('SIGKILL')
    },
  })
  expect(wrong(answers, right)).toEqual([])
  // Turn by turn: neither had much less than half.
  expect(Math.min(...shares)).toBeGreaterThan(0.25 * shares.reduce((sum, share) => sum + share, 0))
  await reranker.close()
})

describe.skipIf(absent.includes('redis-server'))('two workers of a queue', () => {
  it('leave one result for each job when one is killed, jobs are added twice, and some cannot be done', async () => {
    const right = await rightScores()
    const url = await redis()
    const args = ['work', '--queue', 'rerank', '--redis', url, '--model', 'bundled-tiny', '--ids-only']
    const startWorker = (): ReturnType<typeof startProcess> =>
      startProcess([process.execPath, bin, ...args, '--stalled-ms', '1000', '--concurrency', '4'], /waiting for jobs/)
    const client = createClient({ url }).on('error', () => {})
    const queue = new Queue('rerank', { connection: client })
    const candidates = documents.map((text, at) => ({ id: `d${at}`, text }))
    const jobs = questions.map((query, at) => ({
      name: 'rerank',
      data: { id: at, query, candidates },
      opts: { jobId: `question-${at}`, attempts: 3 },
    }))
    await queue.addBulk([...jobs, ...jobs])
    await queue.add('rerank', { query: 'no candidates' }, { jobId: 'broken', attempts: 3 })
    const [first, second] = [await startWorker(), await startWorker()]
    await whenDone(queue, 100)
    await first.end('SIGKILL')
    await whenDone(queue, jobs.length)
    const counts = await queue.getJobCounts('wait', 'active', 'delayed', 'completed', 'failed')
    expect(counts).toEqual({ wait: 0, active: 0, delayed: 0, completed: jobs.length, failed: 1 })
    const broken = await queue.getJob('broken')
    expect([broken?.attemptsMade, broken?.failedReason]).toEqual([1, expect.stringContaining('"candidates"') as string])
    for (const [at, query] of questions.entries()) {
      const result = (await queue.getJob(`question-${at}`))?.returnvalue as Record<string, unknown>
      const rows = result['results'] as { id: string; index: number; score: number }[]
      expect([result['id'], result['outcome']]).toEqual([at, 'ranked'])
      const inOrder = rows.toSorted((a, b) => a.index - b.index)
      expect(inOrder.map(({ score }) => score)).toEqual(right.get(query))
      expect(inOrder.map(({ id }) => id)).toEqual(candidates.map(({ id }) => id))
    }
    await second.end('SIGTERM')
    expect(second.stderr()).toMatch(/\d+ jobs of rerank done/)
    await queue.close()
    client.destroy()
  })
})

async function whenDone(queue: Queue, count: number): Promise<void> {
  for (;;) {
    const { completed = 0 } = await queue.getJobCounts('completed')
    if (completed >= count) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
