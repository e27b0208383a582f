/**
 * Measurements that take longer than one may have a machine for oneself: each piece is kept by line in bench/results/raw
 * as soon as it is measured, and the same command with `--resume` goes on where the last one stopped.
 */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from './paths.mjs'

/**
 * @param {string} name of the benchmark; it names the file
 * @param {object} options
 * @param {object} options.what what is measured, and how: pieces of something else are not taken up
 * @param {object} options.machine what it is measured on, when it begins
 * @param {boolean} options.resume takes up what was measured before; otherwise all begins anew
 * @param {number} options.minutes no piece is begun after that
 */
export function pieces(name, { what, machine, resume, minutes }) {
  const file = join(paths.raw, `${name}.jsonl`)
  const endsAt = performance.now() + minutes * 60_000
  const head = { what, machine }
  mkdirSync(paths.raw, { recursive: true })
  /** @type {Map<string, any>} */
  const done = new Map()
  if (resume) {
    const [before, ...lines] = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    if (JSON.stringify(before.what) !== JSON.stringify(what)) {
      throw new Error(
        `--resume: ${file} has pieces of another run (${JSON.stringify(before.what)}): leave --resume out to begin anew`,
      )
    }
    head.machine = before.machine
    for (const [key, value] of lines) done.set(key, value)
  } else writeFileSync(file, `${JSON.stringify(head)}\n`)
  let left = 0
  return {
    /** By key, in the order in which they were measured. */
    done,
    machine: head.machine,
    /** Pieces that there was no time for. */
    left: () => left,
    /**
     * Measures what is not there yet.
     *
     * @template Value anything that JSON holds
     * @param {string} key @param {() => Promise<Value>} measure
     * @returns {Promise<Value | undefined>} undefined when the time is over
     */
    async piece(key, measure) {
      if (!done.has(key)) {
        if (performance.now() > endsAt) {
          left += 1
          return undefined
        }
        const value = await measure()
        appendFileSync(file, `${JSON.stringify([key, value])}\n`)
        console.error(`${key}: ${JSON.stringify(value).slice(0, 300)}`)
        done.set(key, value)
      }
      return done.get(key)
    },
    /** Says what is left, and ends with 75 as others who are to be asked again. */
    stop() {
      console.error(`${left} pieces are left: go on with the same command and --resume`)
      process.exitCode = 75
    },
  }
}
