import { fork } from 'node:child_process'

const child = new URL('child.mjs', import.meta.url)

/**
 * A fresh server with the bundled model: `ask` has it do a task of child.mjs and waits for what it says.
 *
 * @param {{ core: string, workers: number, size: number }} options `size`: passages of one call
 */
export async function startServer({ core, workers, size }) {
  const served = fork(child, [core, String(workers), String(size)], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
  })
  const next = () =>
    new Promise((resolve) => {
      served.once('message', (message) => resolve(/** @type {{ result: unknown }} */ (message).result))
    })
  const { port } = await next()
  const ask = (/** @type {string} */ task, more = {}) => {
    const answer = next()
    served.send({ task, ...more })
    return answer
  }
  return { port, ask, close: () => served.disconnect() }
}
