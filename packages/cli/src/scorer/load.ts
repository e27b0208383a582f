import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Blend, type Reranker, type RerankerOptions, type Scorer, createReranker } from '@secondpass/core'
import { CliError, misuse, oneLine, usageError } from '../errors.js'
import type { InputFile } from '../files/identity.js'
import { lookAt } from '../files/target.js'
import type { Io } from '../io.js'
import { modelOptions, openModel } from './model.js'
import type { ScorerFlags } from './options.js'

/** A reranker as the command line asked for it. */
export interface Loaded {
  readonly reranker: Reranker
  /** The scorer that it works with; nothing for a reranker of the caller's own. */
  readonly scorer?: Scorer
  /** Names all that changes the numbers, for messages and for telling two runs apart. */
  readonly id: string
  /**
   * How scores are mixed with those of the first stage; `false` for not at all, `undefined` when it is unknown. Asked after
   * scoring, because a scorer may know what it recommends only once it is loaded.
   */
  blend(): Blend | false | undefined
}

/** What a command adds to the reranker. */
export type Extras = Pick<RerankerOptions, 'depth' | 'topN' | 'minScore' | 'onError' | 'skip'>

/** What was asked for on the command line, and what a command does to a scorer whatever was asked for. */
export interface Wanted extends Extras {
  /** Has no effect on a reranker of the caller's own, which has its options already. */
  readonly needs?: Extras
  /** What is put around a scorer, and the option that asked for it. */
  readonly wrap?: { readonly option: string; around(scorer: Scorer): Scorer }
}

/**
 * Makes the reranker: a bundled model, another cross-encoder, or what a module exports.
 *
 * @throws CliError when options contradict each other, or the module holds no scorer; RerankError from the library.
 */
export async function loadReranker(flags: ScorerFlags, io: Io, wanted: Wanted = {}): Promise<Loaded> {
  if (flags.scorer !== undefined && flags.model !== undefined) {
    throw misuse('--scorer and --model cannot be used together: a scorer module chooses its own model')
  }
  if (flags.scorer === undefined) return around(await openModel(flags, io), flags, wanted)
  refuseModelFlags(flags)
  const made = await loadModule(flags.scorer)
  if (isReranker(made)) return asItIs(made, flags, wanted)
  if (isScorer(made)) return around(made, flags, wanted)
  const fix = 'its default export must be a scorer (id, scope, score), a reranker, or a function that makes one'
  throw usageError('--scorer', flags.scorer, fix)
}

/** The files of the scorer that stand here: a module, or the folder of a model. */
export function scorerFiles({ scorer, model, documents }: ScorerFlags): InputFile[] {
  const files: InputFile[] = []
  if (documents !== undefined) files.push({ option: '--documents', path: documents, again: true, unpacked: true })
  if (scorer !== undefined && existsSync(scorer)) files.push({ option: '--scorer', path: scorer })
  const isFolder = model !== undefined && lookAt(model)?.isDirectory() === true
  if (isFolder) files.push({ option: '--model', path: model, folder: true })
  return files
}

/** Around a scorer: mixed with first-stage scores by the share that was asked for, else as the scorer recommends. */
function around(inner: Scorer, { blend: share }: ScorerFlags, { needs, wrap, ...extras }: Wanted): Loaded {
  const scorer = wrap?.around(inner) ?? inner
  const asked = share === undefined || share === false ? share : { weight: share }
  const blend = (): Blend | false => asked ?? scorer.defaults?.blend ?? false
  const mix = blend()
  const id = mix === false ? scorer.id : `${scorer.id} blended ${sharesOf(mix)}`
  return { reranker: createReranker({ ...needs, ...extras, scorer, blend: asked }), scorer, id, blend }
}

function sharesOf({ weight }: Blend): string {
  if (typeof weight === 'number') return String(weight)
  const { lexical, other, fused = other } = weight
  return [...new Set([lexical, fused, other])].join(' or ')
}

/** A reranker of the caller's own has its options already. */
function asItIs(
  reranker: Reranker,
  { scorer, blend }: ScorerFlags,
  { needs: _needs, wrap, ...extras }: Wanted,
): Loaded {
  const asked = Object.entries({ blend, ...extras, [wrap?.option ?? '']: wrap })
  const given = asked.find(([, value]) => value !== undefined)?.[0]
  if (given !== undefined) {
    throw misuse(
      `--${kebab(given)} has no effect on the reranker of ${scorer}: set it there, or export a scorer instead`,
    )
  }
  return { reranker, id: `the reranker of ${scorer}`, blend: () => undefined }
}

function refuseModelFlags(flags: ScorerFlags): void {
  const [name] = Object.keys(modelOptions(flags))
  if (name === undefined) return
  throw misuse(
    `--${name === 'store' ? 'documents' : kebab(name)} is an option of the built-in cross-encoder: with --scorer, set it in the module`,
  )
}

/** The name of an option as it is typed. */
function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function isReranker(value: unknown): value is Reranker {
  return isObject(value) && typeof value['rerank'] === 'function'
}

function isScorer(value: unknown): value is Scorer {
  return isObject(value) && typeof value['score'] === 'function'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Works with a reranker and closes it, whatever happens. */
export async function withReranker<T>(loaded: Loaded, work: (loaded: Loaded) => Promise<T>): Promise<T> {
  try {
    return await work(loaded)
  } finally {
    // A close that fails changes nothing of what was done, and must not hide the error that is on its way.
    await loaded.reranker.close().catch(() => undefined)
  }
}

/**
 * Loads a module by its path, or a package by its name as seen from the working directory, and hands back its default
 * export; a function is called first.
 *
 * @throws CliError when the module is not there, does not load, or its function fails.
 */
export async function loadModule(specifier: string): Promise<unknown> {
  const url = locate(specifier)
  const module = await import(url).catch((error: unknown) => {
    throw new CliError(`--scorer is "${specifier}": it does not load: ${oneLine(error)}`, { cause: error })
  })
  const { default: exported } = module as { readonly default?: unknown }
  if (typeof exported !== 'function') return exported
  try {
    return await (exported as () => unknown)()
  } catch (error) {
    throw new CliError(`--scorer is "${specifier}": its function failed: ${oneLine(error)}`, { cause: error })
  }
}

function locate(specifier: string): string {
  const path = resolve(specifier)
  if (existsSync(path)) return pathToFileURL(path).href
  const looksLikePath = /^[./\\]|\.[cm]?[jt]s$/.test(specifier)
  if (looksLikePath) throw usageError('--scorer', specifier, 'there is no such file')
  try {
    return pathToFileURL(createRequire(join(process.cwd(), 'noop.js')).resolve(specifier)).href
  } catch {
    throw usageError('--scorer', specifier, 'there is no such file, and no package of that name is installed here')
  }
}
