import { join } from 'node:path'
import { ProviderError, RerankError } from '../../errors.js'
import { externalFiles } from './external-data.js'
import { fetchSnapshot } from './fetch-snapshot.js'
import { chooseGraph, graphCandidates } from './graph-choice.js'
import { type CachedModel, type HubModel, besideGraph, findInCache } from './hub-model.js'
import { hubSettings } from './hub-settings.js'
import { optionalFiles, requiredFiles } from './model-parts.js'
import type { OnProgress } from './progress.js'

/** How a download is watched and stopped. */
export interface FetchCall {
  readonly onProgress?: OnProgress | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes a model of the hub complete in the cache: the graph that is wanted, the weights beside it, the tokenizer and the
 * small files that change numbers; nothing else. Asks the hub which commit the revision means now. Where the hub cannot
 * be reached, what is in the cache has to do.
 *
 * @throws RerankError that says what to do; ProviderError for what may pass by itself.
 */
export async function fetchHubModel(model: HubModel, call: FetchCall = {}): Promise<CachedModel> {
  const settings = await hubSettings(model.hub)
  const cached = settings.offline ? findInCache(model, true) : undefined
  if (cached !== undefined) return cached
  try {
    return await download(model, settings, call)
  } catch (error) {
    const isUnreachable = ProviderError.is(error) && error.retryable
    const found = isUnreachable ? findInCache(model, true) : undefined
    if (found === undefined) throw error
    return found
  }
}

async function download(
  model: HubModel,
  settings: Awaited<ReturnType<typeof hubSettings>>,
  call: FetchCall,
): Promise<CachedModel> {
  let graph = ''
  const snapshot = await fetchSnapshot({
    ...call,
    repo: model.repo,
    revision: model.revision,
    settings,
    maybe: [...optionalFiles, ...graphCandidates(model.graph)],
    choose(paths) {
      const there = new Set(paths)
      const place = { name: model.repo, has: (path: string) => there.has(path), graphs: () => onnxOf(paths) }
      graph = chooseGraph(place, model.graph)
      for (const file of requiredFiles) if (!there.has(file)) throw missing(model.repo, file)
      // The graph last: small files are there at once, and a look at the cache finds a graph only with what it needs.
      return [...requiredFiles, ...optionalFiles.filter((file) => there.has(file)), graph]
    },
    more: (folder) => externalFiles(join(folder, graph)).map((name) => besideGraph(graph, name)),
  })
  return { ...snapshot, graph }
}

function onnxOf(paths: readonly string[]): string[] {
  return paths.filter((path) => path.endsWith('.onnx'))
}

function missing(repo: string, file: string): RerankError {
  const fix =
    file === 'tokenizer.json'
      ? 'its tokenizer was never converted; load it with transformers in Python, save_pretrained() it into a folder, and pass that path'
      : 'it is not a model that transformers wrote; name another one'
  return new RerankError('model-files', `${repo} has no ${file}: ${fix}.`)
}
