import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, freemem, release, totalmem } from 'node:os'
import { hostFacts } from '../score/onnx/missing-runtime.js'
import type { MachineReport } from './report.js'

/** What matters for the speed of matrix products, in the words of Linux. */
const X64 = [
  'fma',
  'f16c',
  'avx2',
  'avx_vnni',
  'avx512f',
  'avx512bw',
  'avx512_vnni',
  'avx512_bf16',
  'amx_int8',
  'amx_bf16',
]
const ARM = ['asimd', 'asimdhp', 'asimddp', 'i8mm', 'bf16', 'sve', 'sve2', 'sme']

/** The same on macOS, by the names of its settings. */
const MACOS: Readonly<Record<string, string>> = {
  asimd: 'hw.optional.AdvSIMD',
  asimdhp: 'hw.optional.arm.FEAT_FP16',
  asimddp: 'hw.optional.arm.FEAT_DotProd',
  i8mm: 'hw.optional.arm.FEAT_I8MM',
  bf16: 'hw.optional.arm.FEAT_BF16',
  sme: 'hw.optional.arm.FEAT_SME',
}

export function machineReport(): MachineReport {
  const { platform, arch, libc, node } = hostFacts()
  return {
    node,
    platform,
    arch,
    osRelease: release(),
    libc,
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    instructionSets: instructionSets(),
    cores: cpus().length,
    usableCores: availableParallelism(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
  }
}

function instructionSets(): string[] | undefined {
  try {
    if (process.platform === 'linux') return fromLinux(readFileSync('/proc/cpuinfo', 'utf8'))
    return process.platform === 'darwin' ? fromMacos() : undefined
  } catch {
    return undefined
  }
}

/** Reads `/proc/cpuinfo`: `flags` on x64, `Features` on ARM. */
export function fromLinux(cpuinfo: string): string[] | undefined {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1]
  if (line === undefined) return undefined
  const flags = new Set(line.trim().split(/\s+/))
  return [...X64, ...ARM].filter((flag) => flags.has(flag))
}

function fromMacos(): string[] {
  return Object.keys(MACOS).filter((name) => {
    try {
      return execFileSync('sysctl', ['-n', MACOS[name] as string], { encoding: 'utf8' }).trim() === '1'
    } catch {
      return false
    }
  })
}
