import type { CrossEncoderOptions } from '@secondpass/core'
import type { Command } from 'commander'
import { usageError } from '../errors.js'
import { numberFrom, oneOf, wholeFrom } from '../options/values.js'

/** Which model, and what runs it. */
export type ModelFlags = Pick<
  CrossEncoderOptions,
  'model' | 'revision' | 'dtype' | 'providers' | 'workers' | 'threads' | 'maxLength' | 'longText' | 'windowsToRead'
>

/** What every command takes that scores. */
export interface ScorerFlags extends ModelFlags {
  /** Passages that were encoded ahead of time. */
  readonly documents?: string
  readonly scorer?: string
  readonly blend?: number | false
}

/** Adds the options that choose the scorer, for commands that know the scores of the first stage. */
export function withScorer(command: Command): Command {
  return withReader(command).option(
    '--blend <share>',
    'share of the scorer in the mix with first-stage scores, 0 to 1; off',
    readBlend,
  )
}

/** Adds the options that choose the scorer, and how it reads. */
export function withReader(command: Command): Command {
  command.optionsGroup('The scorer:')
  const scorer = 'a module whose default export is a scorer, a reranker, or a function that makes one'
  withModel(command.option('--scorer <module>', scorer))
  return command
    .option('--max-length <tokens>', 'read at most this many tokens of a pair', wholeFrom('--max-length', 8))
    .option('--documents <file>', 'passages that `secondpass encode` has read ahead of time')
    .option('--long-text <how>', 'truncate, windows (read long texts in parts), or error', readLongText)
    .option(
      '--windows-to-read <count>',
      "with --long-text windows: read only so many of a text, those with the query's words",
      wholeFrom('--windows-to-read', 1),
    )
}

/** Adds the options that choose a model and what runs it. */
export function withModel(command: Command): Command {
  return withFiles(
    command.option(
      '--model <model>',
      'a cross-encoder: bundled-tiny, a folder, or org/name (default: bundled, the one that comes with secondpass)',
    ),
  )
    .option('--providers <list>', 'what computes, in the order to be tried, for example cuda,cpu', readProviders)
    .option(
      '--workers <count>',
      'threads that score; auto: the cores but one, 4 at most; measured: what pays',
      readWorkers,
    )
    .option('--threads <count>', 'threads inside one run; measured: what pays', readThreads)
}

/** Adds the options that say which files of a model are meant. */
export function withFiles(command: Command): Command {
  return command
    .option('--revision <name>', 'of a model on the hub: a branch, a tag or a commit')
    .option('--dtype <format>', `number format: ${DTYPES.join(', ')}`, oneOf('--dtype', DTYPES))
}

const DTYPES = ['auto', 'int8', 'uint8', 'q4', 'fp16', 'fp32'] as const
const PROVIDERS = ['cpu', 'cuda', 'tensorrt', 'coreml', 'dml', 'webgpu'] as const

const readProvider = oneOf('--providers', PROVIDERS)
const readLongText = oneOf('--long-text', ['truncate', 'windows', 'error'])
const readShare = numberFrom('--blend', [0, 1])

function readProviders(text: string): readonly (typeof PROVIDERS)[number][] {
  return [...new Set(text.split(',').map(readProvider))]
}

function readBlend(text: string): number | false {
  return text === 'off' ? false : readShare(text)
}

function readWorkers(text: string): number | 'auto' | 'measured' {
  if (text === 'auto' || text === 'measured') return text
  if (/^\d+$/.test(text)) return Number(text)
  throw usageError('--workers', text, 'pass a whole number from 0, auto or measured')
}

function readThreads(text: string): number | 'measured' {
  if (text === 'measured') return text
  if (/^\d+$/.test(text) && Number(text) >= 1) return Number(text)
  throw usageError('--threads', text, 'pass a whole number from 1, or measured')
}
