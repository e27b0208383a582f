import { createHash } from 'node:crypto'
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { RerankError } from '../../base/errors.js'
import type { ScorerDefaults } from '../../types.js'
import { type CachedModel, graphsIn } from '../hub/cache.js'
import { chooseGraph, externalFiles, type GraphSpec, optionalFiles, requiredFiles, sha256Of } from '../hub/layout.js'
import { type Activation, readActivation, readDefaults } from './scoring.js'

/** The part of `config.json` that scoring depends on. */
export interface ModelConfig {
  readonly model_type?: string
  readonly max_position_embeddings?: number
  readonly pad_token_id?: number
}

/** A model folder that was found complete; nothing large has been read yet. */
export interface ModelFolder {
  readonly path: string
  /** Folder, package or repository and what names its weights: changes whenever the numbers may. */
  readonly id: string
  readonly graphPath: string
  readonly config: ModelConfig
  /** Divisor of the logit before the sigmoid, from `calibration.json`; 1 without one. */
  readonly temperature: number
  /** What config.json recommends under `secondpass`: see {@link readDefaults}. */
  readonly defaults: ScorerDefaults | undefined
  /** What is put on top of the logit: what the files name; the sigmoid where `calibration.json` gives a temperature. */
  readonly activation: Activation
}

/** What a text encoder is built from, what may name a limit, and which words a language model answers with. */
export interface TokenizerFiles {
  readonly tokenizer: unknown
  readonly tokenizerConfig: unknown
  readonly sentenceBert: unknown
  readonly logitScore: unknown
}

/** A folder to be looked at. */
export interface FolderSpec {
  readonly path: string
  /** The `model` option as it was written, for errors. */
  readonly model: string
  readonly graph: GraphSpec
  /** For a commit of the hub, whose name says all and whose graph is chosen already. */
  readonly known?: { readonly id: string; readonly graph: string }
}

/**
 * Checks that a model folder is complete. Synchronous, because a wrong path should throw where it was written and the id
 * is needed before the first score; reads a few small files.
 *
 * @throws RerankError `'model-files'` when something is missing or unreadable.
 */
export function openFolder({ path, model, graph: spec, known }: FolderSpec): ModelFolder {
  if (!existsSync(path)) {
    const fix =
      "there is no such folder: check the path, which is taken from the working directory; a model on the hub is 'organisation/name'"
    throw new RerankError('model-files', `model is ${JSON.stringify(model)} (${path}): ${fix}.`)
  }
  const has = (file: string): boolean => existsSync(join(path, file))
  const graph = known?.graph ?? chooseGraph({ name: `The folder ${path}`, has, graphs: () => graphsIn(path) }, spec)
  const graphPath = join(path, graph)
  for (const file of requiredFiles) requireFile(join(path, file), path)
  const config = readJson(join(path, 'config.json')) as ModelConfig
  const sentenceTransformers = readOptional(path, 'config_sentence_transformers.json')
  const isCalibrated = existsSync(join(path, 'calibration.json'))
  const activation = isCalibrated ? 'sigmoid' : readActivation({ config, sentenceTransformers })
  const id = known?.id ?? idOf(path, graph)
  const defaults = readDefaults(config, join(path, 'config.json'))
  return { path, id, graphPath, config, temperature: readTemperature(path), activation, defaults }
}

/** Names the weights of a commit: repository, commit and graph. */
export function hubId(repo: string, { commit, graph }: CachedModel): string {
  return `${repo}@${commit.slice(0, 12)}/${graph}`
}

/**
 * Reads the tokenizer's files, after checking every file of the folder against `SHA256SUMS` when there is one.
 *
 * @throws RerankError `'model-files'` when a sum differs or a file is not JSON.
 */
export async function readTokenizerFiles(folder: Pick<ModelFolder, 'path'>): Promise<TokenizerFiles> {
  await verifySums(folder.path)
  return {
    tokenizer: readJson(join(folder.path, 'tokenizer.json')),
    tokenizerConfig: readOptional(folder.path, 'tokenizer_config.json') ?? {},
    sentenceBert: readOptional(folder.path, 'sentence_bert_config.json'),
    logitScore: readOptional(folder.path, '1_LogitScore/config.json'),
  }
}

function idOf(path: string, graph: string): string {
  const id = `${basename(path)}@${folderDigest(path, join(path, graph))}`
  // The sums of a folder may cover several graphs; the usual one goes without saying.
  return basename(graph) === 'model.onnx' ? id : `${id}/${graph}`
}

function requireFile(file: string, folder: string): void {
  if (existsSync(file)) return
  throw new RerankError('model-files', `The model folder ${folder} has no ${basename(file)}: copy it from the model.`)
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown
  } catch (cause) {
    const fix = 'restore the file from the model it came with'
    throw new RerankError('model-files', `${file} is not readable JSON (${(cause as Error).message}): ${fix}.`, {
      cause,
    })
  }
}

/** A file of a folder, if it is there. @throws RerankError `'model-files'` when it is not JSON. */
export function readOptional(path: string, file: string): unknown {
  const place = join(path, file)
  return existsSync(place) ? readJson(place) : undefined
}

function readTemperature(path: string): number {
  const file = join(path, 'calibration.json')
  if (!existsSync(file)) return 1
  const { temperature } = readJson(file) as { temperature?: unknown }
  if (temperature === undefined) return 1
  if (typeof temperature === 'number' && Number.isFinite(temperature) && temperature > 0) return temperature
  const fix = 'write a finite number above 0, or remove the file'
  throw new RerankError('model-files', `temperature in ${file} is ${JSON.stringify(temperature)}: ${fix}.`)
}

/** Lines of `SHA256SUMS`: 64 hex digits, two spaces (or space and asterisk), a file name. */
async function verifySums(path: string): Promise<void> {
  const sumsFile = join(path, 'SHA256SUMS')
  if (!existsSync(sumsFile)) return
  const lines = (await readFile(sumsFile, 'utf8')).split('\n').filter((line) => line.trim() !== '')
  for (const line of lines) {
    const [, expected, file] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line.trim()) ?? []
    if (expected === undefined || file === undefined) {
      throw new RerankError('model-files', `${sumsFile} has the line ${JSON.stringify(line)}: restore the file.`)
    }
    requireFile(join(path, file), path)
    const found = await sha256Of(join(path, file))
    if (found === expected) continue
    const fix = 'the file is damaged or was changed; install the model again, or remove SHA256SUMS if you meant to'
    throw new RerankError(
      'model-files',
      `${join(path, file)} has sha256 ${found}, SHA256SUMS says ${expected}: ${fix}.`,
    )
  }
}

const SAMPLES = 16
const SAMPLE_BYTES = 1 << 16

/**
 * Twelve hex digits that change when the folder's numbers may: of `SHA256SUMS` when the folder has one (its sums are
 * checked before the first score); else of the small files and of the graph's size and sixteen evenly spaced slices.
 * Reading a graph of gigabytes whole for a name would cost seconds; training changes every slice.
 */
function folderDigest(path: string, graphPath: string): string {
  const hash = createHash('sha256')
  const sums = join(path, 'SHA256SUMS')
  const config = readFileSync(join(path, 'config.json'))
  const numbersOnly = withoutDefaults(config)
  if (existsSync(sums)) {
    const published = readFileSync(sums, 'utf8').replace(sha256(config), sha256(numbersOnly))
    return hash.update(published).digest('hex').slice(0, 12)
  }
  for (const file of [...requiredFiles, ...optionalFiles]) {
    const place = join(path, file)
    if (existsSync(place)) hash.update(file).update(file === 'config.json' ? numbersOnly : readFileSync(place))
  }
  // Weights may lie beside the graph, where the graph alone would not tell them apart.
  const beside = externalFiles(graphPath).map((name) => join(dirname(graphPath), name))
  for (const file of [graphPath, ...beside]) {
    if (existsSync(file)) sampleInto(hash, file)
  }
  return hash.digest('hex').slice(0, 12)
}

/** config.json as it was before {@link ScorerDefaults} were written into it: they change no number, so no id either. */
function withoutDefaults(config: Buffer): Buffer {
  const text = config.toString('utf8')
  const without = text.replace(/,\s*"secondpass":\s*\{(?:[^{}]|\{[^{}]*\})*\}/, '')
  return without === text ? config : Buffer.from(without)
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

function sampleInto(hash: ReturnType<typeof createHash>, file: string): void {
  const handle = openSync(file, 'r')
  try {
    const { size } = fstatSync(handle)
    hash.update(`${basename(file)}:${size}`)
    const slice = Buffer.alloc(SAMPLE_BYTES)
    for (let sample = 0; sample < SAMPLES; sample++) {
      const start = Math.floor((Math.max(0, size - SAMPLE_BYTES) * sample) / (SAMPLES - 1))
      hash.update(slice.subarray(0, readSync(handle, slice, 0, SAMPLE_BYTES, start)))
    }
  } finally {
    closeSync(handle)
  }
}
