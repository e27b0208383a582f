import { RerankError } from '../../errors.js'

/**
 * What the authors of a model put on top of its score: the sigmoid, which makes a number in 0..1 of it, or nothing, which
 * leaves a number whose size means something only beside others of the same model.
 */
export type Activation = 'sigmoid' | 'identity'

/** The files that may name an activation, parsed. */
export interface ActivationFiles {
  /** config.json */
  readonly config?: unknown
  /** config_sentence_transformers.json */
  readonly sentenceTransformers?: unknown
}

type Json = Readonly<Record<string, unknown>>

/**
 * The activation that `sentence_transformers.CrossEncoder` would use, by its own rules: what
 * config_sentence_transformers.json names, else `sentence_transformers.activation_fn` of config.json, else the older
 * `sbert_ce_default_activation_function`, else the sigmoid. Never guessed from scores.
 *
 * Several labels have the sigmoid as well: the score is then the log-odds of one label, and its sigmoid the softmax.
 *
 * @throws RerankError `'model-files'` for a function of PyTorch that is neither.
 */
export function readActivation({ config, sentenceTransformers }: ActivationFiles): Activation {
  const model = (config ?? {}) as Json
  const own = (sentenceTransformers ?? {}) as Json
  const nested = (model['sentence_transformers'] ?? {}) as Json
  const named =
    own['activation_fn'] ??
    ('activation_fn' in nested ? nested['activation_fn'] : model['sbert_ce_default_activation_function'])
  // A function that PyTorch does not have is not loaded by the reference either, unless it is told to trust the files.
  if (typeof named !== 'string' || !named.startsWith('torch.')) return 'sigmoid'
  const name = named.slice(named.lastIndexOf('.') + 1)
  if (name === 'Identity') return 'identity'
  if (name === 'Sigmoid') return 'sigmoid'
  const fix = "only Sigmoid and Identity are known here; pass activation: 'identity' to have the bare logits"
  throw new RerankError('model-files', `The model's activation is ${named}: ${fix}.`)
}
