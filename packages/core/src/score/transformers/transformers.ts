import { readOptions } from '../../base/check.js'
import { isError, RerankError } from '../../base/errors.js'
import { aloneInThread } from '../../base/schedule.js'
import type { Scorer, ScorerDefaults } from '../../types.js'
import { PairScorer } from '../cross-encoder/pair-scorer.js'
import type { LoadedModel, PairRunner } from '../cross-encoder/reading.js'
import { readActivation } from '../cross-encoder/folder/activation.js'
import type { Scoring } from '../cross-encoder/scoring.js'
import { readDefaults } from '../cross-encoder/scoring-options.js'
import {
  checkOutput,
  type Feeds,
  type Head,
  scoreOf,
  numbersOf,
  type TensorClass,
  tokenFeeds,
  type TokenInput,
  tokenInputNames,
} from '../cross-encoder/session/tensors.js'
import { type LoadedParts, loadParts, partsOfLoaded } from './load.js'
import { idOf, type LoadedModelFields, type TransformersOptions, transformersOptions } from './options.js'

/** A scorer that frees its model at the end of an `await using` block. */
export interface TransformersScorer extends Scorer<'pair'>, AsyncDisposable {
  /** Missing for a model whose authors leave its number as it is, and until the model is loaded. */
  readonly toProbability: ((score: number) => number) | undefined
  /** What the model's config.json recommends; missing when it says nothing, and until the model is loaded. */
  readonly defaults: ScorerDefaults | undefined
  countTokens(text: string): Promise<number>
  warmup(): Promise<void>
  close(): Promise<void>
}

/**
 * A cross-encoder on transformers.js (`@huggingface/transformers`, to be installed beside this package): for browsers
 * and edge runtimes, and for reusing a model that is loaded already. In Node.js `crossEncoder` is smaller and faster.
 *
 * Pairs are joined and cut as for `crossEncoder`, so that both give the same scores; the tokenizer of transformers.js
 * cuts off the last special token of a long pair. Nothing is loaded before the first call or `warmup()`.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option. Later, from `score` and `warmup`: `'runtime'` when the
 * package is not installed, `'model-files'` when the model cannot be loaded or is no cross-encoder with one logit.
 */
export function transformers(options: TransformersOptions): TransformersScorer {
  const { temperature, ...read } = readOptions(transformersOptions, options)
  // A temperature is for a sigmoid: passing one asks for it.
  let activation = read.activation ?? (temperature === undefined ? undefined : 'sigmoid')
  let defaults: ScorerDefaults | undefined
  return new PairScorer({
    id: idOf(read),
    weights:
      typeof read.model === 'string'
        ? idOf({ model: read.model, revision: read.revision, dtype: read.dtype })
        : undefined,
    options: read,
    places: 1,
    get toProbability() {
      return activation === 'sigmoid' ? (score: number) => 1 / (1 + Math.exp(-score / (temperature ?? 1))) : undefined
    },
    get defaults() {
      return defaults
    },
    open: () =>
      open(read, (config) => {
        activation ??= readActivation({ config })
        defaults = readDefaults(config, 'config.json')
      }),
  })
}

async function open(options: TransformersOptions, learnFrom: (config: unknown) => void): Promise<LoadedModel> {
  const { model } = options
  const parts = await (typeof model === 'string' ? loadParts(model, options) : partsOfLoaded(model))
  try {
    const { pairs, pairsWith, head } = await scoringOf(parts, options)
    learnFrom((parts.model as LoadedModelFields).config)
    return { pairs, pairsWith, runner: runnerOf(parts, head, options.device !== 'webgpu') }
  } catch (error) {
    await parts.dispose()
    throw error
  }
}

/** Made from the files that the tokenizer was loaded from, which it keeps. */
async function scoringOf({ model, tokenizer: loaded }: LoadedParts, options: TransformersOptions): Promise<Scoring> {
  const { _tokenizerJSON: tokenizer, _tokenizerConfig: tokenizerConfig } = loaded as {
    _tokenizerJSON?: unknown
    _tokenizerConfig?: unknown
  }
  if (typeof tokenizer !== 'object' || tokenizer === null) {
    const fix =
      'pass the name or the folder of the model instead of what is loaded, or use version 4 of @huggingface/transformers'
    throw new RerankError('runtime', `The tokenizer does not hold the tokenizer.json it was made from: ${fix}.`)
  }
  const { config } = model as LoadedModelFields
  const name = options.name ?? (typeof options.model === 'string' ? options.model : 'The model')
  // All that a folder may ask for is a third of the front door; a page that has not asked for a model need not load it.
  const { prepareScoring } = await import('../cross-encoder/scoring.js')
  return prepareScoring({ name, config, tokenizer, tokenizerConfig }, options)
}

/** @param blocks whether a run takes this thread's time; a graphics card computes beside it. */
function runnerOf(parts: LoadedParts, head: Head, blocks: boolean): PairRunner {
  const feeds = feedsFor(parts.model as LoadedModelFields, parts.tensor)
  const alone = blocks ? aloneInThread : <T>(run: () => Promise<T>): Promise<T> => run()
  return {
    score: async ({ ids, secondSegmentStart }) => {
      const answer = await alone(() => parts.model(feeds(ids, secondSegmentStart)).catch(fail))
      return scoreIn(answer, head)
    },
    async close(idle) {
      await idle
      await parts.dispose()
    },
  }
}

/** onnxruntime-web throws bare numbers when it is out of memory. */
function fail(cause: unknown): never {
  const reason = isError(cause) ? cause.message : String(cause)
  const fix = 'see the cause; out of memory, a smaller maxLength helps'
  throw new RerankError('scorer', `transformers.js failed to run the model (${reason}): ${fix}.`, { cause })
}

function scoreIn(answer: unknown, head: Head): number {
  const { logits } = (answer ?? {}) as { logits?: Logits }
  if (logits === undefined) {
    throw new RerankError('model-files', 'The model gives no logits: a cross-encoder is needed.')
  }
  checkOutput(head, { name: 'logits', dims: logits.dims }, 'The model')
  return scoreOf(head, logits.dims, numbersOf(logits))
}

interface Logits {
  readonly type: string
  readonly data: ArrayLike<number>
  readonly dims: number[]
}

/**
 * The inputs that the graph asks for, by their names; transformers.js itself would fill in segments of zeros and say
 * nothing.
 *
 * @throws RerankError `'model-files'` for inputs that are not known here.
 */
export function feedsFor({ config, sessions }: LoadedModelFields, tensor: TensorClass): Feeds {
  const { inputNames = [], inputMetadata = [] } = sessions?.['model'] ?? {}
  const widths = (config?.state_widths ?? {}) as Readonly<Record<string, unknown>>
  const inputs = inputNames.map((name): TokenInput => {
    const { type, shape } = inputMetadata.find((input) => input.name === name) ?? {}
    // Runtimes before 1.24 tell no shapes, and refuse a run without all inputs.
    const width = shape?.[1] ?? widths[name.replace('known_', '')]
    return { name, type: type === 'int32' ? type : 'int64', ...(typeof width === 'number' && { width }) }
  })
  const feeds = tokenFeeds(tensor, inputs, config?.max_position_embeddings ?? 512)
  if (feeds !== undefined) return feeds
  const fix = `a cross-encoder with ${tokenInputNames.join(', ')} is needed, or one that training/export wrote`
  throw new RerankError('model-files', `The model has the inputs ${inputNames.join(', ') || '(none)'}: ${fix}.`)
}
