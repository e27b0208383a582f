import { availableParallelism } from 'node:os'
import { invalidArgument } from '../../errors.js'

/** Options of {@link crossEncoder}. */
export interface CrossEncoderOptions {
  /**
   * `'bundled'` (default): the English model that comes with this package. Otherwise the path of a folder with
   * `model.onnx` (or `onnx/model.onnx`), `tokenizer.json` and `config.json` of a BERT-type cross-encoder with one logit.
   */
  readonly model?: string
  /**
   * Worker threads that score beside the event loop. Default 0: score in the calling thread, one pair a run, so that
   * the loop turns between pairs. A number from 1: that many threads, each with its own copy of the weights.
   * `'auto'`: the cores but one, at least 1 and at most 4.
   */
  readonly workers?: number | 'auto'
  /** Threads inside one run, 1 or more. Default 1: more threads pay off less than more workers. */
  readonly threads?: number
  /** Longest pair in tokens, special tokens included; 5 or more. Default and upper bound: what the model can read. */
  readonly maxLength?: number
  /**
   * What happens to a text that does not fit `maxLength` together with the query. `'truncate'` (default): its end is
   * not read, the result says `truncated`, the report counts `truncatedTexts`. `'windows'`: the text is read in
   * overlapping windows, its score is that of the best one, the result says in `bestSpan` where that stands, the report
   * counts `windows`; each window costs a run. `'error'`: the call rejects.
   */
  readonly longText?: 'truncate' | 'windows' | 'error'
  /**
   * How many tokens a window shares with the next, from 0. Default 64, and at most half a window. No effect unless
   * `longText` is `'windows'`.
   */
  readonly windowOverlap?: number
}

/** `'auto'` leaves a core to the event loop, and stops at 4: each worker holds its own copy of the weights. */
export function workerCount(workers: number | 'auto'): number {
  return workers === 'auto' ? Math.min(4, Math.max(1, availableParallelism() - 1)) : workers
}

const LONG_TEXT: readonly unknown[] = ['truncate', 'windows', 'error']

/** @throws RerankError `'invalid-argument'` for the first option that is wrong. */
export function checkOptions({ workers, threads, maxLength, longText, windowOverlap }: CrossEncoderOptions): void {
  if (workers !== undefined && workers !== 'auto' && !isWholeFrom(0, workers)) {
    throw invalidArgument('workers', workers, "pass a whole number from 0, or 'auto'")
  }
  if (threads !== undefined && !isWholeFrom(1, threads))
    throw invalidArgument('threads', threads, 'pass a whole number from 1')
  if (maxLength !== undefined && !isWholeFrom(5, maxLength)) {
    throw invalidArgument('maxLength', maxLength, 'pass a whole number of tokens from 5, or leave it out')
  }
  if (longText !== undefined && !LONG_TEXT.includes(longText)) {
    throw invalidArgument('longText', longText, "pass 'truncate', 'windows' or 'error'")
  }
  if (windowOverlap !== undefined && !isWholeFrom(0, windowOverlap)) {
    throw invalidArgument('windowOverlap', windowOverlap, 'pass a whole number of tokens from 0')
  }
}

function isWholeFrom(least: number, value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least
}
