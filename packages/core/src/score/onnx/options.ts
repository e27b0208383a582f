import { availableParallelism } from 'node:os'
import { checkBoolean, checkOptions } from '../../checks.js'
import { invalidArgument } from '../../errors.js'
import { type ReadingOptions, checkReadingOptions, isWholeFrom } from '../encode/reading-options.js'
import { type ScoringOptions, checkScoringOptions } from '../encode/scoring-options.js'
import { type ModelSourceOptions, sourceOptionNames } from './model-source.js'
import type { Provider } from './providers.js'

/** Options of {@link crossEncoder}. */
export interface CrossEncoderOptions extends ReadingOptions, ScoringOptions, ModelSourceOptions {
  /**
   * Worker threads that score beside the event loop. Default 0: score in the calling thread, one pair a run, so that
   * the loop turns between pairs. A number from 1: that many threads, each with its own copy of the weights.
   * `'auto'`: the cores but one, at least 1 and at most 4.
   */
  readonly workers?: number | 'auto'
  /** Threads inside one run, 1 or more. Default 1: more threads pay off less than more workers. */
  readonly threads?: number
  /**
   * Whether threads that wait keep their core busy. Default `false`. `true` makes single runs shorter with two or more
   * `threads` on a machine that has nothing else to do, and everything slower on one that has. No effect with one thread.
   */
  readonly spinning?: boolean
  /**
   * What computes, tried in this order. Default `['cpu']`, which is what this library is made and measured for. When one
   * cannot be used here the next is tried, with a process warning; the scorer's id names any that is not the processor.
   */
  readonly providers?: readonly Provider[]
}

/** `'auto'` leaves a core to the event loop, and stops at 4: each worker holds its own copy of the weights. */
export function workerCount(workers: number | 'auto'): number {
  return workers === 'auto' ? Math.min(4, Math.max(1, availableParallelism() - 1)) : workers
}

const OWN = ['workers', 'threads', 'spinning']
const READING = ['maxLength', 'longText', 'windowOverlap', 'template', 'instruction', 'activation']
const KNOWN = [...sourceOptionNames, ...OWN, ...READING]

/** @throws RerankError `'invalid-argument'` for the first option that is wrong. What is about the model is checked with it. */
export function checkCrossEncoderOptions(options: CrossEncoderOptions): void {
  checkOptions('options', options, KNOWN)
  const { workers, threads, spinning } = options
  if (workers !== undefined && workers !== 'auto' && !isWholeFrom(0, workers)) {
    throw invalidArgument('workers', workers, "pass a whole number from 0, or 'auto'")
  }
  if (threads !== undefined && !isWholeFrom(1, threads))
    throw invalidArgument('threads', threads, 'pass a whole number from 1')
  if (spinning !== undefined) checkBoolean('spinning', spinning)
  checkReadingOptions(options)
  checkScoringOptions(options)
}
