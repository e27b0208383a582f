import { invalidArgument, RerankError } from '../../../base/errors.js'
import type { PairRunner } from '../runner.js'

/**
 * What computes: `'cpu'` anywhere; `'cuda'` and `'tensorrt'` on Linux with NVIDIA's libraries, `'coreml'` on macOS,
 * `'dml'` on Windows, `'webgpu'` where there is an adapter.
 */
export type Provider = 'cpu' | 'cuda' | 'tensorrt' | 'coreml' | 'dml' | 'webgpu'

const known: readonly Provider[] = ['cpu', 'cuda', 'tensorrt', 'coreml', 'dml', 'webgpu']

/** @throws RerankError `'invalid-argument'` unless it is a list of known names, each once. */
export function checkProviders(providers: unknown): asserts providers is readonly Provider[] {
  const fix = `pass a list, to be tried in this order, of ${known.map((name) => `'${name}'`).join(', ')}`
  if (!Array.isArray(providers) || providers.length === 0) throw invalidArgument('providers', providers, fix)
  const wrong = providers.find((name, at) => !known.includes(name) || providers.indexOf(name) !== at)
  if (wrong !== undefined) throw invalidArgument('providers', wrong, `${fix}, each once`)
}

/** A provider that was asked for and could not be used, with what the runtime said. */
export interface Refusal {
  readonly provider: Provider
  readonly reason: string
}

/** What computes a graph, and what was to compute it but could not. */
export interface Opened {
  readonly provider: Provider
  readonly refused: readonly Refusal[]
}

/** A runner that says what it computes with. */
export interface OpenedRunner extends PairRunner {
  readonly opened: Opened
}

/**
 * Opens a graph with the first provider that can. The runtime itself does not fall back: it throws when the first one
 * cannot be loaded.
 *
 * @throws RerankError `'model-files'` when the processor cannot open the graph either, `'runtime'` when there is no
 * provider left and the processor was not asked for.
 */
export async function openFirst<Session>(
  providers: readonly Provider[],
  graphPath: string,
  create: (provider: Provider) => Promise<Session>,
): Promise<{ session: Session; opened: Opened }> {
  const refused: Refusal[] = []
  let last: unknown
  for (const provider of providers) {
    try {
      return { session: await create(provider), opened: { provider, refused } }
    } catch (cause) {
      last = cause
      refused.push({ provider, reason: reasonOf(cause) })
    }
  }
  throw failure(refused, graphPath, last)
}

/** Why a provider was passed over, for a warning or an error: `cuda (reason), webgpu (reason)`. */
export function listRefusals(refused: readonly Refusal[]): string {
  return refused.map(({ provider, reason }) => `${provider} (${reason})`).join(', ')
}

function failure(refused: readonly Refusal[], graphPath: string, cause: unknown): RerankError {
  const onProcessor = refused.find(({ provider }) => provider === 'cpu')
  if (onProcessor === undefined) {
    const fix = "add 'cpu' to providers to have something to fall back to, and see what doctor() says"
    return new RerankError('runtime', `No provider could be used here: ${listRefusals(refused)}: ${fix}.`, { cause })
  }
  const fix = 'the file is damaged or not an ONNX graph for this version; restore it or export it again'
  return new RerankError('model-files', `${graphPath} did not open (${onProcessor.reason}): ${fix}.`, { cause })
}

/** The first line without paths of the machine that built the runtime. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  const line = message.trim().split('\n')[0] ?? ''
  return line.replace(/^\/onnxruntime_src\S+ .*? was false\. /, '').slice(0, 200)
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

const ELSEWHERE = "or score elsewhere: transformers({ device: 'wasm' }), server() or a hosted scorer"

function fixFor({ platform, arch, libc }: HostFacts, cause: unknown): string {
  if (platform === 'darwin' && arch === 'x64')
    return `its releases since 1.24 have no binaries for Intel Macs; pin onnxruntime-node to 1.23.2 (npm "overrides"), ${ELSEWHERE}`
  if (libc === 'musl')
    return `its binaries are made for glibc, and Alpine has musl; use an image of Debian's family such as node:22-slim, ${ELSEWHERE}`
  if (!['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64'].includes(`${platform}-${arch}`))
    return `it has no binaries for this kind of machine; use Linux, Windows or macOS on x64 or arm64, ${ELSEWHERE}`
  const isAbsent = (cause as { code?: unknown } | undefined)?.code === 'ERR_MODULE_NOT_FOUND'
  if (isAbsent) return `it is not installed; run "npm install onnxruntime-node", ${ELSEWHERE}`
  const said = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
  return `the system said "${said}"; install it again on this machine (node_modules copied from another do not fit), ${ELSEWHERE}`
}
