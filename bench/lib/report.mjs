/** Tables for people, JSON for machines. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { isAbsolute as isAbsolutePath, join, relative } from 'node:path'
import { paths } from './paths.mjs'

/** @param {string[]} heads @param {(string | number)[][]} rows @returns {string} a Markdown table, columns padded */
export function table(heads, rows) {
  const cells = [heads, ...rows].map((row) => row.map(String))
  const widths = heads.map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)))
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  return [
    line(cells[0]),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...cells.slice(1).map(line),
  ].join('\n')
}

const isAbsolute = (value) => typeof value === 'string' && isAbsolutePath(value)

/** Prints the tables under a heading and writes everything to `bench/results/NAME.json`. */
export function report(name, { machine = describeMachine(), tables, ...data }) {
  mkdirSync(paths.results, { recursive: true })
  const text = [`# ${name}`, machineLine(machine), ...tables].join('\n\n')
  // Paths as seen from the checkout: where it lies on this machine is nobody's business.
  const places = (_key, value) => (isAbsolute(value) ? relative(paths.root, value) : value)
  writeFileSync(join(paths.results, `${name}.json`), `${JSON.stringify({ machine, ...data }, places, 2)}\n`)
  writeFileSync(join(paths.results, `${name}.md`), `${text}\n`)
  console.log(`\n${text}`)
}

export const oneDecimal = (value) => value.toFixed(1)
export const ratio = (value) => `${value.toFixed(2)}x`

const told = ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'amx_int8', 'amx_bf16']

/** What a figure was taken on. Printed with every table, since ratios of int8 to fp32 depend on the instruction set. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    instructions: instructionSets(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    loadAverage: Number(loadavg()[0].toFixed(2)),
    date: new Date().toISOString().slice(0, 16),
  }
}

export function machineLine(machine = describeMachine()) {
  const { cpu, instructions, cores, memoryGiB, node, loadAverage, date } = machine
  return `${cpu} (${instructions.join(', ') || 'instruction sets unknown'}), ${cores} cores, ${memoryGiB} GiB, Node ${node}, load average ${loadAverage} at the start, ${date} UTC`
}

function instructionSets() {
  try {
    const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].trim().split(' '))
    return told.filter((flag) => flags.has(flag))
  } catch {
    return []
  }
}
