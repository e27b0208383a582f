import type { Check } from '../../../base/check.js'
import { invalidArgument } from '../../../base/errors.js'
import { isAbsent, isWithoutLibrary, keepOutOfBundle } from '../installed.js'

/**
 * What computes: `'cpu'` anywhere; `'cuda'` and `'tensorrt'` on Linux with NVIDIA's libraries, `'coreml'` on macOS,
 * `'dml'` on Windows, `'webgpu'` where there is an adapter.
 */
export type Provider = 'cpu' | 'cuda' | 'tensorrt' | 'coreml' | 'dml' | 'webgpu'

const known: readonly Provider[] = ['cpu', 'cuda', 'tensorrt', 'coreml', 'dml', 'webgpu']

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

function libcOf(): string | undefined {
  if (process.platform !== 'linux') return undefined
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return header?.glibcVersionRuntime === undefined ? 'musl' : `glibc ${header.glibcVersionRuntime}`
}

/** Why onnxruntime-node did not load, and what to do, by machine: most failures are machines it has no binaries for. */
export function explainMissing({ platform, arch, libc, node }: HostFacts, cause: unknown): string {
  const where = `${platform}-${arch}${libc === undefined ? '' : ` (${libc})`}, Node ${node}`
  return `onnxruntime-node did not load on ${where}: ${fixFor({ platform, arch, libc, node }, cause)}.`
}

const LEFT_OUT =
  "the build took its addon along and not the library beside it; in next.config set outputFileTracingIncludes: { '/**': ['./node_modules/**/onnxruntime-node/bin/napi-v6/linux/**'] }, or copy node_modules/onnxruntime-node whole"

const ELSEWHERE = "or score elsewhere: transformers({ device: 'wasm' }), server() or a hosted scorer"

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
  // The package itself, and not its addon.
  const isMissing = isAbsent(cause) && !/onnxruntime_binding/.test((cause as Error).message)
  if (isMissing) return `it is not installed; run "npm install onnxruntime-node", ${ELSEWHERE}`
  const said = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
  return `the system said "${said}"; install it again on this machine (node_modules copied from another do not fit), ${ELSEWHERE}`
}
