/** What a cold-start child tells its parent: points in wall-clock time, and memory. First import of every child. */
import { readFileSync } from 'node:fs'

const wallClock = () => performance.timeOrigin + performance.now()
const points = { boot: wallClock() }

export function mark(name) {
  points[name] = wallClock()
}

/** Prints the points, the processor time since the start and the memory: `peakMiB` is the high-water mark of this process, `rssMiB` what it holds now. */
export function finish(score) {
  mark('scored')
  const { user, system } = process.cpuUsage()
  const rssMiB = process.memoryUsage().rss / 2 ** 20
  process.stdout.write(
    `${JSON.stringify({ points, cpuMs: (user + system) / 1000, rssMiB, peakMiB: highWaterMark() ?? rssMiB, score })}\n`,
  )
}

/** VmHWM: unlike getrusage, it does not inherit the parent's peak. */
function highWaterMark() {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024
  } catch {
    return undefined
  }
}

export const query = 'Which gate lets the sea out of the tide mill?'
export const text =
  'The sluice gate of the tide mill at Karvel is opened at low water, and the pond drains through it into the sea.'
