import { readFileSync, statSync } from 'node:fs'
import { isError, RerankError } from '../../../base/errors.js'
import type { ModelFolder } from '../model-files.js'
import type { PairEncoder } from '../pairs.js'
import type { SessionOptions } from '../session/node.js'
import type { Json } from '../tokenizer/pipeline.js'
import { type Place, placeFor } from './cache.js'
import { leanGraph, type LeanGraphOptions, type Recipe } from './graph.js'
import { readModel, writeModel } from './onnx.js'
import { OnnxGraph } from './onnx-graph.js'
import { weightsOfGraph } from './trace.js'
import { calibrationPairs, disagreement, logitsOf, trialPairs, widestInputs } from './trial.js'
import { type BertWeights, NotLean, readShape, type Shape, weightsOfSafetensors } from './weights.js'

/** A model to be written as a lean graph. */
export interface LeanRequest {
  readonly folder: Pick<ModelFolder, 'id' | 'path' | 'graphPath' | 'config'>
  readonly dtype: 'fp32' | 'int8'
  readonly pairs: PairEncoder
  /** How the original would be opened. */
  readonly session: SessionOptions
  /** Whether a graph that is made is kept in the cache. */
  readonly keeps: boolean
  readonly signal: AbortSignal
}

/** What to open: a lean graph, in a file or in memory; or the original, and why. */
export type LeanAnswer = Pick<SessionOptions, 'graphPath' | 'graphBytes' | 'leanOf'> | { readonly refused: string }

/** A protobuf has no more bytes. */
const MOST_BYTES = 2 ** 31 - 1

/**
 * The lean graph of a model: from the cache, or made, compared with the original and kept. Making it takes, once, twice the
 * memory that the file has.
 *
 * @throws the signal's reason when it has aborted; RerankError `'model-files'` where there is no original to open either
 */
export async function leanGraphFor(request: LeanRequest): Promise<LeanAnswer> {
  const answer = await keptOrMade(request)
  const { id, graphPath } = request.folder
  if (!('refused' in answer)) return { ...answer, leanOf: id }
  if (!isSafetensors(graphPath)) return answer
  const fix = 'export one with "optimum-cli export onnx --model MODEL_DIR OUT_DIR", and pass the path of OUT_DIR'
  const message = `${id} has no ONNX file, and none can be made of ${graphPath} (${answer.refused}): ${fix}.`
  throw new RerankError('model-files', message)
}

async function keptOrMade(request: LeanRequest): Promise<LeanAnswer> {
  const { folder, dtype, signal } = request
  try {
    const { size } = statSync(folder.graphPath)
    if (size > MOST_BYTES) return { refused: `${folder.graphPath} has ${size} bytes, and ${MOST_BYTES} are the most` }
    const place = await placeFor({ ...folder, dtype })
    const known = await place.read()
    if (known !== undefined) return 'refused' in known ? known : { graphPath: place.graphPath }
    return await make(request, place)
  } catch (cause) {
    signal.throwIfAborted()
    return { refused: isError(cause) ? cause.message : String(cause) }
  }
}

async function make(request: LeanRequest, place: Place): Promise<LeanAnswer> {
  const { signal, keeps } = request
  let graph: Uint8Array
  try {
    graph = await write(request)
    const reason = await compare(request, graph)
    if (reason !== undefined) throw new NotLean(reason)
  } catch (cause) {
    signal.throwIfAborted()
    // What the model itself is to blame for does not change; a lack of memory may pass.
    if (cause instanceof NotLean && keeps) await place.refuse(cause.message).catch(() => {})
    throw cause
  }
  signal.throwIfAborted()
  const kept =
    keeps &&
    (await place.write(graph).then(
      () => true,
      () => false,
    ))
  // A cache that may only be read, or is full: the graph lives in memory, and is made again by the next process.
  return kept ? { graphPath: place.graphPath } : { graphPath: place.graphPath, graphBytes: graph }
}

async function write(request: LeanRequest): Promise<Uint8Array> {
  const { folder, dtype, session } = request
  const shape = readShape(folder.config as Json)
  const weights = await weightsOf(folder.graphPath, shape)
  const options = (recipe: Recipe): LeanGraphOptions => {
    return { stride: session.maxPositions, padding: shape.padding, properties: propertiesOf(recipe, shape) }
  }
  const written = (recipe: Recipe): Promise<Uint8Array> => writeModel(leanGraph(weights, recipe, options(recipe)))
  if (dtype === 'fp32') return written({ dtype })
  const tapped = { ...session, graphBytes: await written({ dtype: 'fp32', tap: true }) }
  return written({ dtype, widest: await widestInputs(tapped, await calibrationPairs(request.pairs)) })
}

async function weightsOf(graphPath: string, shape: Shape): Promise<BertWeights> {
  if (isSafetensors(graphPath)) return weightsOfSafetensors(graphPath, shape)
  return weightsOfGraph(new OnnxGraph(await readModel(readFileSync(graphPath))), shape)
}

/** Weights without a graph, which cannot be opened as they are. */
function isSafetensors(path: string): boolean {
  return path.endsWith('.safetensors')
}

/** At the end of the file: what makes it known for one of ours. */
function propertiesOf({ dtype }: Recipe, { positions }: Shape): Readonly<Record<string, string>> {
  return { 'secondpass.format': '1', 'secondpass.dtype': dtype, 'secondpass.max_positions': String(positions) }
}

/** Why a graph is not the same model as the original. Of weights without a graph, bytes are compared with floats. */
async function compare(request: LeanRequest, graph: Uint8Array): Promise<string | undefined> {
  const { dtype, session, folder } = request
  if (isSafetensors(folder.graphPath) && dtype === 'fp32') return undefined
  const original = isSafetensors(folder.graphPath)
    ? { ...session, graphBytes: await write({ ...request, dtype: 'fp32' }) }
    : session
  const pairs = await trialPairs(request.pairs, readShape(folder.config as Json).padding)
  const expected = await logitsOf(original, pairs)
  return disagreement(dtype, expected, await logitsOf({ ...session, graphBytes: graph }, pairs))
}
