import type { Command } from 'commander'
import { usageError } from '../errors.js'
import { numberFrom, oneOf, wholeFrom } from '../options/values.js'

/** What every command that scores takes. */
export interface ScorerFlags {
  readonly scorer?: string
  readonly model?: string
  readonly workers?: number | 'auto'
  readonly maxLength?: number
  readonly longText?: 'truncate' | 'windows'
  readonly blend?: number | false
}

/** Adds the options that choose the scorer. */
export function withScorer(command: Command): Command {
  return command
    .option('--scorer <module>', 'a module whose default export is a scorer, a reranker, or a function that makes one')
    .option('--model <model>', 'a cross-encoder: the path of a folder, or org/name (default: the bundled model)')
    .option(
      '--workers <count>',
      'threads that score beside the main one; auto: the cores but one, 4 at most',
      readWorkers,
    )
    .option('--max-length <tokens>', 'read at most this many tokens of a pair', wholeFrom('--max-length', 8))
    .option('--long-text <how>', 'truncate, or windows: read long texts in parts', readLongText)
    .option('--blend <share>', 'share of the scorer in the mix with first-stage scores, 0 to 1; off', readBlend)
}

const readLongText = oneOf('--long-text', ['truncate', 'windows'])
const readShare = numberFrom('--blend', [0, 1])

function readBlend(text: string): number | false {
  return text === 'off' ? false : readShare(text)
}

function readWorkers(text: string): number | 'auto' {
  if (text === 'auto') return 'auto'
  if (/^\d+$/.test(text)) return Number(text)
  throw usageError('--workers', text, 'pass a whole number from 0, or auto')
}
