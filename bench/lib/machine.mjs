/** What a figure was taken on. Printed with every table, since ratios of int8 to fp32 depend on the instruction set. */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

const told = ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'amx_int8', 'amx_bf16']

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
