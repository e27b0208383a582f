import { invalidArgument } from '../../errors.js'
import type { Activation } from './activation.js'
import { type TemplateName, templateNames } from './profiles.js'

/** What a model's files may leave open, or what is wanted otherwise than they say. */
export interface ScoringOptions {
  /**
   * The prompt of a language model that reranks: `'qwen3-reranker'` or `'mxbai-rerank-v2'`. Default: the one that the
   * model's name points to. Only for a model whose folder or repository is called otherwise.
   */
  readonly template?: TemplateName
  /** What the model is to judge by, for models that take an instruction. Default: what its authors wrote. */
  readonly instruction?: string
  /**
   * What becomes of the model's number. `'sigmoid'`: results carry it as a `score` in 0..1, and as `logit`. `'identity'`:
   * they carry it as it is. Default: what the model's files say, by the rules of `sentence_transformers.CrossEncoder`.
   */
  readonly activation?: Activation
}

/** @throws RerankError `'invalid-argument'` for the first option that is wrong. */
export function checkScoringOptions({ template, instruction, activation }: ScoringOptions): void {
  if (template !== undefined && !templateNames.includes(template)) {
    throw invalidArgument('template', template, `pass '${templateNames.join("' or '")}', or leave it out`)
  }
  if (instruction !== undefined && (typeof instruction !== 'string' || instruction.trim() === '')) {
    throw invalidArgument('instruction', instruction, 'pass a sentence, or leave it out')
  }
  if (activation !== undefined && activation !== 'sigmoid' && activation !== 'identity') {
    throw invalidArgument('activation', activation, "pass 'sigmoid' or 'identity', or leave it out")
  }
}

/** The options that change the numbers, as parts of a scorer's id. */
export function scoringParts({ template, instruction, activation }: ScoringOptions): string[] {
  return [
    ...(template === undefined ? [] : [template]),
    ...(instruction === undefined ? [] : [`instruction=${JSON.stringify(instruction)}`]),
    ...(activation === undefined ? [] : [activation]),
  ]
}
