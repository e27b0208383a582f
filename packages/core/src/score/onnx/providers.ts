import { invalidArgument } from '../../errors.js'

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
