import { RerankError, show } from '../../../base/errors.js'
import type { Json } from '../tokenizer/pipeline.js'
import { SETTINGS } from './layout.js'
import { isObject } from './small-files.js'

/**
 * What the authors of a model put on top of its score: the sigmoid, which makes a number in 0..1 of it, or nothing, which
 * leaves a number whose size means something only beside others of the same model.
 */
export type Activation = 'sigmoid' | 'identity'

/** What may name an activation. */
export interface ActivationFiles {
  /** config.json, parsed. */
  readonly config?: unknown
  /** `activation_fn` of config_sentence_transformers.json, where that file counts. */
  readonly ofModules?: unknown
}

const KNOWN: Readonly<Record<string, Activation>> = {
  'torch.nn.modules.activation.Sigmoid': 'sigmoid',
  'torch.nn.modules.Sigmoid': 'sigmoid',
  'torch.nn.Sigmoid': 'sigmoid',
  'torch.nn.modules.linear.Identity': 'identity',
  'torch.nn.modules.Identity': 'identity',
  'torch.nn.Identity': 'identity',
}

/**
 * The activation that `sentence_transformers.CrossEncoder` would use, by its own rules: what
 * config_sentence_transformers.json names, else `sentence_transformers.activation_fn` of config.json, else the older
 * `sbert_ce_default_activation_function`, else the sigmoid. Never guessed from scores.
 *
 * Several labels have the sigmoid as well where none is named: the score is then the log-odds of one label, and its sigmoid
 * the softmax. A sigmoid of each label apart, where the files name one, is another number.
 *
 * @throws RerankError `'model-files'` for any other function. Python takes the sigmoid in place of a class that it does not
 * trust, and says so in a warning that few read.
 */
export function readActivation({ config, ofModules }: ActivationFiles): Activation {
  const model = (config ?? {}) as Json
  const nested = isObject(model['sentence_transformers']) ? model['sentence_transformers'] : {}
  const [named, place] =
    (ofModules ?? undefined) !== undefined
      ? [ofModules, SETTINGS]
      : 'activation_fn' in nested
        ? [nested['activation_fn'], 'config.json']
        : [model['sbert_ce_default_activation_function'], 'config.json']
  if (named === undefined || named === null) return 'sigmoid'
  const known = typeof named === 'string' && Object.hasOwn(KNOWN, named) ? KNOWN[named] : undefined
  const labels = Object.keys((model['id2label'] ?? {}) as Json).length
  const isOfEach = known === 'sigmoid' && labels > 1
  if (known !== undefined && !isOfEach) return known
  const fix = "pass activation: 'identity' to have the bare logits, or 'sigmoid'"
  const many = isOfEach ? ` for each of ${labels} labels` : ''
  const seen = `${place}: the model's activation is ${show(named)}${many}, which is not known to secondpass`
  throw new RerankError('model-files', `${seen}: ${fix}.`)
}
