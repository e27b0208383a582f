import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { InferenceSession } from 'onnxruntime-node'
import { RerankError } from '../../../base/errors.js'
import { externalFiles } from '../../hub/layout.js'
import { requireFrom, resolveFrom, type Runtime } from './copies.js'

/*
 * onnxruntime-web in Node.js: the same engine as WebAssembly, for machines that onnxruntime-node has no binaries for. It
 * has the same interface; its sums are those of 128-bit instructions, so the last digits of a score may differ.
 */

/**
 * Opens a graph with onnxruntime-web, on this thread.
 *
 * @param isLean whether the graph is one of ours: nothing is left to fuse there
 * @throws RerankError `'runtime'` when the package is not installed or does not load; what it throws itself for the graph.
 */
export async function openWasm(
  { graphPath, graphBytes }: { readonly graphPath: string; readonly graphBytes?: Uint8Array | undefined },
  isLean: boolean,
): Promise<{ readonly ort: Runtime; readonly session: InferenceSession }> {
  const ort = loadWasm()
  ort.env.logLevel = 'error'
  // More threads are workers of its own, which keep the process alive.
  ort.env.wasm.numThreads = 1
  const bytesOf = (file: string): Promise<Uint8Array> => readFile(join(dirname(graphPath), file))
  const externalData = await Promise.all(
    (graphBytes === undefined ? externalFiles(graphPath) : []).map(async (path) => ({
      path,
      data: await bytesOf(path),
    })),
  )
  const session = await ort.InferenceSession.create(graphBytes ?? (await readFile(graphPath)), {
    executionProviders: ['wasm'],
    graphOptimizationLevel: isLean ? 'basic' : 'all',
    logSeverityLevel: 4,
    ...(externalData.length > 0 && { externalData }),
  })
  return { ort, session }
}

/** Installed beside this package, in the project that runs, or brought by transformers.js. */
function loadWasm(): Runtime {
  const places = [import.meta.url, join(process.cwd(), 'package.json')]
  const failures: unknown[] = []
  for (const place of places) {
    for (const from of [place, resolveFrom(place, '@huggingface/transformers')]) {
      if (from === undefined) continue
      try {
        return requireFrom(from, 'onnxruntime-web')
      } catch (cause) {
        failures.push(cause)
      }
    }
  }
  const fix = 'run "npm install onnxruntime-web"'
  throw new RerankError('runtime', `The provider wasm needs the package onnxruntime-web, which did not load: ${fix}.`, {
    cause: failures[0],
  })
}
