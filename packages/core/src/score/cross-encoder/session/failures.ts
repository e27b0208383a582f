import { isError, RerankError } from '../../../base/errors.js'
import type { Provider } from './providers.js'

/* What is said of a graph that did not open, or did not run. */

/** A provider that was asked for and could not be used, with what the runtime said. */
export interface Refusal {
  readonly provider: Provider
  readonly reason: string
}

/** Why a provider was passed over, for a warning or an error: `cuda (reason), webgpu (reason)`. */
export function listRefusals(refused: readonly Refusal[]): string {
  return refused.map(({ provider, reason }) => `${provider} (${reason})`).join(', ')
}

/** What is thrown when no provider opened a graph. A runtime that did not load has said more than a list of refusals would. */
export function failure(refused: readonly Refusal[], graph: string, causes: readonly unknown[]): RerankError {
  const at = refused.findIndex(({ provider }) => provider === 'cpu' || provider === 'wasm')
  const cause = causes[at] ?? causes.at(-1)
  if (isRuntimeError(cause)) return cause
  const onProcessor = refused[at]
  if (onProcessor === undefined) {
    const fix = "add 'cpu' to providers to have something to fall back to, and see what doctor() says"
    return new RerankError('runtime', `No provider could be used here: ${listRefusals(refused)}: ${fix}.`, { cause })
  }
  const fix = 'the file is damaged or not an ONNX graph for this version; restore it or export it again'
  return new RerankError('model-files', `${graph} did not open (${onProcessor.reason}): ${fix}.`, { cause })
}

/** Whether the runtime itself did not load, or no provider of it. */
export function isRuntimeError(error: unknown): error is RerankError {
  return RerankError.is(error) && error.code === 'runtime'
}

/** The first line without paths of the machine that built the runtime. */
export function reasonOf(cause: unknown): string {
  const message = isError(cause) ? cause.message : String(cause)
  const line = message.trim().split('\n')[0] ?? ''
  return line.replace(/^\/onnxruntime_src\S+ .*? was false\. /, '').slice(0, 200)
}

/** A graph may open and then fail on what it is fed: ids beyond its table of words, more places than it has. */
export function failed(graph: string, ids: Int32Array, cause: unknown): never {
  const fix = 'the graph and the tokenizer do not belong together, or maxLength is too large for the graph'
  const message = `${graph} failed on a pair of ${ids.length} tokens (${reasonOf(cause)}): ${fix}.`
  throw new RerankError('scorer', message, { cause })
}
