import { type Checks, type Defaulted, flag, must, type OptionTable, whole, withDefault } from '../../base/check.js'
import { type QueueOptions, queueOptions } from '../../base/schedule.js'
import { type DocumentStore, storeOption } from '../documents/store.js'
import { type GraphOption, graphOption, type ModelSourceOptions, sourceOptions } from './model-source.js'
import { type ReadingOptions, readingOptions } from './reading.js'
import { type ScoringOptions, scoringOptions } from './scoring-options.js'
import type { Provider } from './session/providers.js'

/** Options of {@link crossEncoder}. */
export interface CrossEncoderOptions
  extends ReadingOptions, ScoringOptions, ModelSourceOptions, GraphOption, QueueOptions {
  /**
   * Worker threads that score beside the event loop. Default 0: score in the calling thread, one pair a run, so that
   * the loop turns between pairs. A number from 1: that many threads, each with its own copy of the weights.
   * `'auto'`: the cores but one, at least 1 and at most 4; of a container, the cores that its quota allows. `'measured'`: as
   * many as pay off on this machine, 1 to 8.
   */
  readonly workers?: number | 'auto' | 'measured' | undefined
  /**
   * Threads inside one run, 1 to 1024. Default 1: more threads pay off less than more workers. `'measured'`: as many as pay
   * off, of the cores that the workers leave.
   *
   * What is measured takes about 300 ms of runs at the first load on a machine, and is kept in the cache for the next; it is
   * measured again where the processor, its cores, the memory, the runtime or the model is another. The scorer's id names
   * the number of threads, since several round otherwise, and so is final only when the model is loaded.
   */
  readonly threads?: number | 'measured' | undefined
  /**
   * Whether threads that wait keep their core busy. Default `false`. `true` makes single runs shorter with two or more
   * `threads` on a machine that has nothing else to do, and everything slower on one that has. No effect with one thread.
   */
  readonly spinning?: boolean | undefined
  /**
   * Memory for passages that were read before, in MiB: a model that reads query and passage apart in its lower layers, as
   * the bundled one does, keeps what these made of a passage, and spares itself that work the next time. Scores are the same
   * to the bit either way. Shared by all scorers of the same model in a thread and by their workers; the largest bound of
   * them holds. Taken as it is needed; those used longest ago make room. The report counts `passageCacheHits`. Default 64,
   * about 1,250 passages of 128 tokens; 0 keeps none. No effect for other models.
   */
  readonly passageCacheMiB?: number | undefined
  /**
   * Passages that were encoded ahead of time, for a model that reads query and passage apart in its lower layers, as the bundled
   * one does: the path of a file that `encodeDocumentsToFile` wrote, or what `encodeDocuments` fills. A text that is found
   * there is not read; any other is read as always. Scores are the same to the bit either way. The report counts `storedTexts`,
   * and in `storeErrors` what the store failed for or did not hand over within a second. Default: none. Refused with
   * `'invalid-argument'` when the model is loaded: a store of another model, and any for a model that reads both together.
   */
  readonly store?: DocumentStore | string | undefined
  /**
   * What computes, tried in this order. Default: `'cpu'`, which is what this library is made and measured for, and `'wasm'`
   * where onnxruntime-node does not load and onnxruntime-web is installed. When one cannot be used here the next is tried,
   * with a process warning; the scorer's id names any that is not the processor.
   */
  readonly providers?: readonly Provider[] | undefined
}

/** See {@link CrossEncoderOptions}. */
export const crossEncoderOptions: typeof sourceOptions &
  typeof queueOptions &
  Checks<ReadingOptions & ScoringOptions> &
  Checks<Pick<CrossEncoderOptions, 'store'>> & {
    readonly graph: Defaulted<'lean' | 'original'>
    readonly workers: Defaulted<number | 'auto' | 'measured'>
    readonly threads: Defaulted<number | 'measured'>
    readonly spinning: Defaulted<boolean>
    readonly passageCacheMiB: Defaulted<number>
  } = {
  ...sourceOptions,
  graph: withDefault(graphOption.graph, 'lean'),
  workers: withDefault(
    must<number | 'auto' | 'measured'>(
      (value) => value === 'auto' || value === 'measured' || isWhole(value, [0, 256]),
      "pass a whole number from 0 to 256, 'auto' or 'measured'",
    ),
    0,
  ),
  threads: withDefault(
    must<number | 'measured'>(
      (value) => value === 'measured' || isWhole(value, [1, 1024]),
      "pass a whole number from 1 to 1024, or 'measured'",
    ),
    1,
  ),
  spinning: withDefault(flag, false),
  passageCacheMiB: withDefault(whole(0, 65_536), 64),
  store: storeOption,
  ...queueOptions,
  ...readingOptions,
  ...scoringOptions,
} satisfies OptionTable<CrossEncoderOptions>

function isWhole(value: unknown, [least, most]: readonly [number, number]): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}
