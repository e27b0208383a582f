import { RerankError } from '../../errors.js'
import type { PairRunner } from '../encode/runner.js'
import type { Provider } from './providers.js'

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
