import {
  type Checks,
  blend as blendCheck,
  languageCodes,
  must,
  oneAmong,
  oneOf,
  type OptionTable,
  readOptions,
  sentence,
} from '../../base/check.js'
import { RerankError } from '../../base/errors.js'
import type { ScorerDefaults } from '../../types.js'
import type { Activation } from './folder/activation.js'
import { type TemplateName, templateNames } from './prompts.js'
import type { Json } from './tokenizer/pipeline.js'

/** What a model's files may leave open, or what should differ from them. */
export interface ScoringOptions {
  /**
   * The prompt of a language model that reranks: `'qwen3-reranker'` or `'mxbai-rerank-v2'`. Default: the one that the
   * model's name points to. Only for a model whose folder or repository is called otherwise.
   */
  readonly template?: TemplateName | undefined
  /** What the model should judge by, for models that take an instruction. Default: what its authors wrote. */
  readonly instruction?: string | undefined
  /**
   * What is done with the model's number. `'sigmoid'`: results carry it as a `score` in 0..1, and as `logit`. `'identity'`:
   * they carry it as it is. Default: what the model's files say, by the rules of `sentence_transformers.CrossEncoder`.
   */
  readonly activation?: Activation | undefined
}

/** See {@link ScoringOptions}. */
export const scoringOptions: Checks<ScoringOptions> = {
  template: oneAmong(templateNames),
  instruction: sentence,
  activation: oneOf('sigmoid', 'identity'),
}

/** The options that change the numbers, as parts of a scorer's id. */
export function scoringParts({ template, instruction, activation }: ScoringOptions): string[] {
  return [
    ...(template === undefined ? [] : [template]),
    ...(instruction === undefined ? [] : [`instruction=${JSON.stringify(instruction)}`]),
    ...(activation === undefined ? [] : [activation]),
  ]
}

/**
 * What a model recommends for itself, from its config.json: `"secondpass": { "blend": { "weight": 0.8 }, "scripts":
 * ["Latin"], "languages": ["en"] }`.
 *
 * @param place where the file is, for the error
 * @throws RerankError `'model-files'` for a value that is not of this form.
 */
export function readDefaults(config: unknown, place: string): ScorerDefaults | undefined {
  const given = ((config ?? {}) as Json)['secondpass']
  if (given === undefined) return undefined
  try {
    return readOptions(recommended, given, 'secondpass')
  } catch (cause) {
    throw new RerankError('model-files', `In ${place}, ${(cause as Error).message}.`, { cause })
  }
}

const recommended = {
  blend: blendCheck,
  scripts: must<readonly string[]>(
    (value) => Array.isArray(value) && value.length > 0 && value.every(isScript),
    'write a list of scripts as Unicode names them, such as ["Latin"]',
  ),
  languages: languageCodes,
} satisfies OptionTable<ScorerDefaults>

function isScript(name: unknown): boolean {
  try {
    return /^\w+$/.test(String(name)) && new RegExp(`\\p{Script=${String(name)}}`, 'u').unicode
  } catch {
    return false
  }
}
