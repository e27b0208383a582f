import type { Check } from '../../../base/check.js'
import { invalidArgument, isError } from '../../../base/errors.js'
import { isWithoutLibrary, keepOutOfBundle } from '../installed.js'

/**
 * What computes: `'cpu'` anywhere; `'cuda'` and `'tensorrt'` on Linux with NVIDIA's libraries, `'coreml'` on macOS,
 * `'dml'` on Windows, `'webgpu'` where there is an adapter; `'wasm'`, the processor by way of WebAssembly, where the
 * package `onnxruntime-web` is installed: several times slower, on machines that onnxruntime-node has no binaries for.
 */
export type Provider = 'cpu' | 'cuda' | 'tensorrt' | 'coreml' | 'dml' | 'webgpu' | 'wasm'

const known: readonly Provider[] = ['cpu', 'cuda', 'tensorrt', 'coreml', 'dml', 'webgpu', 'wasm']

/** The option `providers`: a list of known names, each once. */
export const providersOption: Check<readonly Provider[]> = (name, providers) => {
  const fix = `pass a list, to be tried in this order, of ${known.map((provider) => `'${provider}'`).join(', ')}`
  if (!Array.isArray(providers) || providers.length === 0) throw invalidArgument(name, providers, fix)
  const wrong = providers.find((provider, at) => !known.includes(provider) || providers.indexOf(provider) !== at)
  if (wrong !== undefined) throw invalidArgument(name, wrong, `${fix}, each once`)
}

/** The machine, as far as it decides whether onnxruntime-node has binaries for it. */
export interface HostFacts {
  readonly platform: string
  readonly arch: string
  /** On Linux: `'glibc'` with its version, or `'musl'`. */
  readonly libc: string | undefined
  readonly node: string
}

/** Reads the machine. The report of the process knows the version of glibc, and names none where there is another libc. */
export function hostFacts(): HostFacts {
  return { platform: process.platform, arch: process.arch, libc: libcOf(), node: process.version }
}

function messageOf(cause: unknown): string {
  return isError(cause) ? cause.message : String(cause)
}

/** What is read of the report of Node.js on this process. */
interface ProcessReport {
  readonly header?: { readonly glibcVersionRuntime?: string }
  /** Files of the native libraries in memory. */
  readonly sharedObjects?: readonly string[]
}

/** Without what it says of the network: for that it asks for the name of every peer, and the program stands still. */
export function processReport(): ProcessReport {
  const report = process.report as typeof process.report & { excludeNetwork?: boolean }
  const before = report.excludeNetwork
  report.excludeNetwork = true
  try {
    return report.getReport() as ProcessReport
  } finally {
    if (before !== undefined) report.excludeNetwork = before
  }
}

function libcOf(): string | undefined {
  if (process.platform !== 'linux') return undefined
  const { header } = processReport()
  return header?.glibcVersionRuntime === undefined ? 'musl' : `glibc ${header.glibcVersionRuntime}`
}

/** Why onnxruntime-node did not load, and what to do, by machine: most failures are machines it has no binaries for. */
export function explainMissing({ platform, arch, libc, node }: HostFacts, cause: unknown): string {
  const where = `${platform}-${arch}${libc === undefined ? '' : ` (${libc})`}, Node ${node}`
  return `onnxruntime-node did not load on ${where}: ${fixFor({ platform, arch, libc, node }, cause)}.`
}

const LEFT_OUT =
  "the build took its addon along and not the library beside it; in next.config set outputFileTracingIncludes: { '/**': ['./node_modules/**/onnxruntime-node/bin/napi-v6/linux/**'] }, or copy node_modules/onnxruntime-node whole"

const ELSEWHERE =
  'or run "npm install onnxruntime-web" to compute in WebAssembly, several times slower; or score elsewhere, with server() or a hosted scorer'

function fixFor({ platform, arch, libc }: HostFacts, cause: unknown): string {
  if (platform === 'darwin' && arch === 'x64')
    return `its releases since 1.24 have no binaries for Intel Macs; pin onnxruntime-node to 1.23.2 (npm "overrides"), ${ELSEWHERE}`
  if (libc === 'musl')
    return `its binaries are made for glibc, and Alpine has musl; use an image of Debian's family such as node:22-slim, ${ELSEWHERE}`
  if (!['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64'].includes(`${platform}-${arch}`))
    return `it has no binaries for this kind of machine; use Linux, Windows or macOS on x64 or arm64, ${ELSEWHERE}`
  const bundled = keepOutOfBundle()
  if (bundled !== undefined) return bundled
  if (isWithoutLibrary(cause)) return LEFT_OUT
  // The package itself, and not its addon, nor what it needs.
  if (/Cannot find (package|module) 'onnxruntime-node'/.test(messageOf(cause))) {
    const why = 'package managers leave it out when its install script cannot download the CUDA libraries'
    return `it is not installed (${why}); run "npm install onnxruntime-node" with the variable ONNXRUNTIME_NODE_INSTALL=skip set, ${ELSEWHERE}`
  }
  const said = messageOf(cause).split('\n')[0]
  return `the system said "${said}"; install it again on this machine (node_modules copied from another do not fit), ${ELSEWHERE}`
}
