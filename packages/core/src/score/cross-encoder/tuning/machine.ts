import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { usableCores, usableMemory } from '../session/container.js'
import { loadRuntime } from '../session/node.js'

/** What a measurement depends on, beside the model: where any of it differs, it has to be made again. */
export interface MachineFacts {
  readonly processor: string
  /** See {@link instructionSets}; a virtual machine may be moved to another processor of the same name. */
  readonly instructionSets: readonly string[]
  readonly platform: string
  readonly arch: string
  /** Whole cores that the process may keep busy. */
  readonly cores: number
  /** Memory that the process may take. */
  readonly memoryMiB: number
  /** The version of onnxruntime-node; `none` where it does not load. */
  readonly runtime: string
}

const MIB = 2 ** 20

/** What is so of this machine now. */
export async function machineFacts(): Promise<MachineFacts> {
  // Where it does not load, WebAssembly computes.
  const versions = await loadRuntime().then(
    ({ env }) => env.versions,
    () => ({ node: 'none' }),
  )
  return {
    processor: processorName(),
    instructionSets: instructionSets() ?? [],
    platform: process.platform,
    arch: process.arch,
    cores: usableCores(),
    memoryMiB: Math.floor(usableMemory() / MIB),
    runtime: versions.node ?? 'unknown',
  }
}

/** As the system names it. */
export function processorName(): string {
  return cpus()[0]?.model.trim() ?? 'unknown'
}

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

/** Instructions that matter for speed, where the system tells them. */
export function instructionSets(): string[] | undefined {
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
