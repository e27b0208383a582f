import { availableParallelism } from 'node:os'
import { invalidArgument } from '../../errors.js'
import { type ReadingOptions, checkReadingOptions, isWholeFrom } from '../encode/reading-options.js'

/** Options of {@link crossEncoder}. */
export interface CrossEncoderOptions extends ReadingOptions {
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
}

/** `'auto'` leaves a core to the event loop, and stops at 4: each worker holds its own copy of the weights. */
export function workerCount(workers: number | 'auto'): number {
  return workers === 'auto' ? Math.min(4, Math.max(1, availableParallelism() - 1)) : workers
}

/** @throws RerankError `'invalid-argument'` for the first option that is wrong. */
export function checkOptions({ workers, threads, ...reading }: CrossEncoderOptions): void {
  if (workers !== undefined && workers !== 'auto' && !isWholeFrom(0, workers)) {
    throw invalidArgument('workers', workers, "pass a whole number from 0, or 'auto'")
  }
  if (threads !== undefined && !isWholeFrom(1, threads))
    throw invalidArgument('threads', threads, 'pass a whole number from 1')
  checkReadingOptions(reading)
}
