import { readFileSync, statSync } from 'node:fs'
import { isError, RerankError } from '../../../base/errors.js'
import type { ModelFolder } from '../model-files.js'
import type { PairEncoder } from '../pairs.js'
import type { SessionOptions } from '../session/node.js'
import type { Json } from '../tokenizer/pipeline.js'
import { type Place, placeFor } from './cache.js'
import { leanGraph } from './graph.js'
import { modernGraph, type ModernOutput, modernWeights, readModernShape } from './modernbert.js'
import { type ModelMessage, readModel, writeModel } from './onnx.js'
import { OnnxGraph } from './onnx-graph.js'
import { weightsOfGraph } from './trace.js'
import { calibrationPairs, disagreement, logitsOf, trialPairs, widestInputs } from './trial.js'
import { type BertWeights, NotLean, readShape, type Shape, weightsOfSafetensors } from './weights.js'
import type { Recipe } from './writer.js'

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
  const { dtype } = request
  const other = dtype === 'int8' ? "pass dtype: 'fp32', or " : ''
  const fix = `${other}export one with "optimum-cli export onnx --model MODEL_DIR OUT_DIR", and pass the path of OUT_DIR`
  const message = `${id} has no ONNX file in ${dtype}, and none can be made of ${graphPath} (${answer.refused}): ${fix}.`
  throw new RerankError('model-files', message)
}

async function keptOrMade(request: LeanRequest): Promise<LeanAnswer> {
  const { folder, dtype, signal } = request
  try {
    const { size } = statSync(folder.graphPath)
    if (size > MOST_BYTES) return { refused: `${folder.graphPath} has ${size} bytes, and ${MOST_BYTES} are the most` }
    const family = familyOf(request)
    const place = await placeFor({ ...folder, dtype, output: family.output })
    const known = await place.read()
    if (known !== undefined) return 'refused' in known ? known : { graphPath: place.graphPath }
    return await make(request, family, place)
  } catch (cause) {
    signal.throwIfAborted()
    return { refused: isError(cause) ? cause.message : String(cause) }
  }
}

async function make(request: LeanRequest, family: Family, place: Place): Promise<LeanAnswer> {
  const { signal, keeps } = request
  let graph: Uint8Array
  try {
    graph = await write(request, family)
    const reason = await compare(request, family, graph)
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

async function write({ dtype, session, pairs }: LeanRequest, family: Family): Promise<Uint8Array> {
  const graph = await family.read()
  if (dtype === 'fp32') return writeModel(graph({ dtype }))
  const tapped = { ...session, graphBytes: await writeModel(graph({ dtype: 'fp32', tap: true })) }
  return writeModel(graph({ dtype, widest: await widestInputs(tapped, await calibrationPairs(pairs)) }))
}

/** What a kind of model needs in order to be written. */
interface Family {
  readonly output: ModernOutput
  /** The token that moves the places of those behind it, where a model has one. */
  readonly padding?: number | undefined
  /** Reads the weights, of which a graph can be written by any recipe. */
  read(): Promise<(recipe: Recipe) => ModelMessage>
}

/** @throws NotLean for a model of another kind. */
function familyOf(request: LeanRequest): Family {
  const { model_type: type } = request.folder.config as Json
  return type === 'modernbert' ? modernFamily(request) : bertFamily(request)
}

function modernFamily(request: LeanRequest): Family {
  const { graphPath, config } = request.folder
  const shape = readModernShape(config as Json)
  const output = outputOf(request)
  const read: Family['read'] = async () => {
    const weights = modernWeights(graphPath, shape, output === 'logits')
    return (recipe) => modernGraph(weights, recipe, { output, properties: propertiesOf(recipe, shape) })
  }
  return { output, read }
}

function bertFamily({ folder, session: { maxPositions: stride } }: LeanRequest): Family {
  const shape = readShape(folder.config as Json)
  const { padding } = shape
  const read: Family['read'] = async () => {
    const weights = await weightsOf(folder.graphPath, shape)
    return (recipe) => leanGraph(weights, recipe, { stride, padding, properties: propertiesOf(recipe, shape) })
  }
  return { output: 'logits', padding, read }
}

/** What is asked of the graph of a ModernBERT: its own logits, or what the modules of its folder read. */
function outputOf({ folder, session: { head } }: LeanRequest): ModernOutput {
  const { architectures } = folder.config as { readonly architectures?: readonly unknown[] }
  const isClassifier = String(architectures?.[0]).endsWith('ForSequenceClassification')
  if (head?.kind !== 'modules') {
    if (isClassifier) return 'logits'
    throw new NotLean('it was saved without the layer that scores')
  }
  const reading = head.steps.filter(({ from }) => from === head.input)
  const isFirstOnly = reading.every((step) => step.kind === 'pooling' && step.modes.every((mode) => mode === 'cls'))
  return isFirstOnly ? 'first token' : 'all tokens'
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
function propertiesOf({ dtype }: Recipe, { positions }: Pick<Shape, 'positions'>): Readonly<Record<string, string>> {
  return { 'secondpass.format': '1', 'secondpass.dtype': dtype, 'secondpass.max_positions': String(positions) }
}

/** Why a graph is not the same model as the original. Of weights without a graph, bytes are compared with floats. */
async function compare(request: LeanRequest, family: Family, graph: Uint8Array): Promise<string | undefined> {
  const { dtype, session, folder } = request
  if (isSafetensors(folder.graphPath) && dtype === 'fp32') return undefined
  const original = isSafetensors(folder.graphPath)
    ? { ...session, graphBytes: await write({ ...request, dtype: 'fp32' }, family) }
    : session
  const pairs = await trialPairs(request.pairs, family.padding)
  const expected = await logitsOf(original, pairs)
  return disagreement(dtype, expected, await logitsOf({ ...session, graphBytes: graph }, pairs))
}
