/**
 * Requests that come when they come, as from many clients who know nothing of each other: at random moments (Poisson), whether
 * those before were answered or not. A time counts from the moment at which a request was meant to be sent, so that a
 * generator that falls behind shows as a late answer and not as a quick one.
 */
import { Agent, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { seededRandom } from '../lib/random.mjs'

/**
 * @param {object} load
 * @param {string} load.url of the path that is asked, by POST
 * @param {(at: number) => string} load.body JSON of the request number `at`
 * @param {number} load.perSecond mean number of requests a second
 * @param {number} load.seconds how long requests are sent; answers are waited for after that
 * @param {number} load.seed the same seed sends at the same moments
 * @param {number} load.limitMs an answer that takes longer is of no use
 * @param {number} [load.giveUpMs] when the client leaves
 */
export async function openLoop({ url, body, perSecond, seconds, seed, limitMs, giveUpMs = 10_000 }) {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity })
  const startedAt = performance.now()
  const answers = []
  for (const [at, dueMs] of momentsOf(perSecond, seconds, seed).entries()) {
    const early = startedAt + dueMs - performance.now()
    if (early > 0) await wait(early)
    answers.push(ask({ url, agent, body: body(at), dueAt: startedAt + dueMs, giveUpMs }))
  }
  const all = await Promise.all(answers)
  agent.destroy()
  const answered = all.filter(({ status }) => status === 200)
  const ms = answered.map((one) => one.ms).sort((a, b) => a - b)
  return {
    perSecond,
    sent: all.length,
    answered: answered.length,
    goodput: ms.filter((one) => one <= limitMs).length / seconds,
    refused: all.filter(({ status }) => status === 429 || status === 503 || status === 504).length,
    failed: all.filter(({ status }) => ![200, 429, 503, 504].includes(status)).length,
    // How late the last request left: a generator that is slower than it should be says nothing of a server.
    lateToSendMs: Math.max(0, ...all.map(({ sentLateMs }) => sentLateMs)),
    ms,
  }
}

/** Moments of a Poisson process, in milliseconds from the start. */
function momentsOf(/** @type {number} */ perSecond, /** @type {number} */ seconds, /** @type {number} */ seed) {
  const random = seededRandom(seed)
  const moments = []
  for (let now = 0; ;) {
    now += (-Math.log(1 - random()) * 1000) / perSecond
    if (now >= seconds * 1000) return moments
    moments.push(now)
  }
}

/** @returns {Promise<{ status: number, ms: number, sentLateMs: number }>} status 0: no answer */
function ask({ url, agent, body, dueAt, giveUpMs }) {
  const sentLateMs = performance.now() - dueAt
  return new Promise((resolve) => {
    const end = (/** @type {number} */ status) => resolve({ status, ms: performance.now() - dueAt, sentLateMs })
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const signal = AbortSignal.timeout(giveUpMs)
    const call = request(url, { method: 'POST', agent, headers, signal }, (response) => {
      response.resume()
      response.on('end', () => end(response.statusCode))
      response.on('error', () => end(0))
    })
    call.on('error', () => end(0))
    call.end(body)
  })
}
