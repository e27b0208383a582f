import { RerankError } from '../../base/errors.js'
import type { Scorer } from '../../types.js'
import { PairScorer } from '../cross-encoder/pair-scorer.js'
import type { LoadedModel } from '../cross-encoder/reading.js'
import { type Activation, prepareScoring, readActivation, type Scoring } from '../cross-encoder/scoring.js'
import { type LoadedParts, loadParts, partsOfLoaded } from './load.js'
import { checkTransformersOptions, idOf, type LoadedModelFields, type TransformersOptions } from './options.js'
import { runnerOf } from './runner.js'

/** A scorer that frees its model at the end of an `await using` block. */
export interface TransformersScorer extends Scorer<'pair'>, AsyncDisposable {
  /** Missing for a model whose authors leave its number as it is, and until the model is loaded. */
  readonly toProbability: ((score: number) => number) | undefined
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
  checkTransformersOptions(options)
  const { temperature = 1 } = options
  // A temperature is for a sigmoid: whoever passes one wants it.
  let activation = options.activation ?? (options.temperature === undefined ? undefined : 'sigmoid')
  return new PairScorer({
    id: idOf(options),
    options,
    get toProbability() {
      return activation === 'sigmoid' ? (score: number) => 1 / (1 + Math.exp(-score / temperature)) : undefined
    },
    open: () => open(options, (found) => (activation ??= found)),
  })
}

async function open(options: TransformersOptions, tell: (activation: Activation) => void): Promise<LoadedModel> {
  const { model } = options
  const parts = await (typeof model === 'string' ? loadParts(model, options) : partsOfLoaded(model))
  try {
    const { pairs, head } = await scoringOf(parts, options)
    tell(readActivation({ config: (parts.model as LoadedModelFields).config }))
    return { pairs, runner: runnerOf(parts, head) }
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
    const fix = 'use version 4 of @huggingface/transformers'
    throw new RerankError('runtime', `The tokenizer does not hold the tokenizer.json it was made from: ${fix}.`)
  }
  const { config } = model as LoadedModelFields
  const name = options.name ?? (typeof options.model === 'string' ? options.model : 'The model')
  return prepareScoring({ name, config, tokenizer, tokenizerConfig }, options)
}
