/**
 * One peer is one process that speaks JSON lines: it says `{"ready":true,…}` when its model is loaded, then answers
 * every `{"query","texts"}` with `{"scores","ms","cpuMs"}`. `ms` is the time from texts to numbers inside the process, so
 * the pipe is not counted; `cpuMs` is the processor time of the process meanwhile, which other load on the machine
 * changes less. Anything else on stdout is ignored by the driver.
 */
import { createInterface } from 'node:readline'

/** As many as the benchmark says. */
export const threads = Number(process.env.BENCH_THREADS ?? 1)

/**
 * @param {{ scale: 'logit' | 'probability', versions: Record<string, string> }} about what the numbers are, by what
 * @param {(query: string, texts: string[]) => Promise<number[]>} score one number per text, in input order
 * @param {(texts: string[]) => Promise<unknown>} [prepare] what comes before each call and is not counted
 */
export async function serve(about, score, prepare) {
  say({ ready: true, ...about })
  for await (const line of createInterface({ input: process.stdin })) {
    const { query, texts } = JSON.parse(line)
    await prepare?.(texts)
    const [start, cpuStart] = [performance.now(), process.cpuUsage()]
    try {
      const scores = await score(query, texts)
      const { user, system } = process.cpuUsage(cpuStart)
      say({ ms: performance.now() - start, cpuMs: (user + system) / 1000, scores })
    } catch (error) {
      say({ error: String(error?.stack ?? error) })
    }
  }
  process.exit(0)
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
