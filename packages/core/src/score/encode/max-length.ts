import { invalidArgument } from '../../errors.js'

/** What of a model says how long a pair may be: parsed JSON files. */
export interface LengthFiles {
  /** tokenizer_config.json, for `model_max_length`. */
  readonly tokenizerConfig?: unknown
  /** config.json, for `max_position_embeddings`. */
  readonly config?: unknown
  /** sentence_bert_config.json, whose `max_seq_length` stands in for `model_max_length`. */
  readonly sentenceBert?: unknown
}

/** `model_max_length` stands for "no limit" when it is larger than this (files say 1e30). */
const SANE_LENGTH = 1e6
/** Model families whose positions start behind the padding id, so that two positions are never used. */
const OFFSET_POSITIONS = /^(xlm-roberta|roberta|camembert|xmod|mpnet|longformer|data2vec-text|bigbird_roberta)/

/** The model's own limit in tokens; 512 when no file names one. */
export function modelLimit({ config, tokenizerConfig, sentenceBert }: LengthFiles): number {
  const model = (config ?? {}) as Record<string, unknown>
  const limits: number[] = []
  const positions = model['max_position_embeddings'] ?? model['n_positions']
  // XLNet writes -1 for "no table of positions".
  if (typeof positions === 'number' && positions > 0) {
    const offset = OFFSET_POSITIONS.test(String(model['model_type'])) ? Number(model['pad_token_id'] ?? 1) + 1 : 0
    limits.push(positions - offset)
  }
  const { max_seq_length: ofSentences } = (sentenceBert ?? {}) as Record<string, unknown>
  const named = ofSentences ?? (tokenizerConfig as Record<string, unknown> | undefined)?.['model_max_length']
  if (typeof named === 'number' && named > 0 && named <= SANE_LENGTH) limits.push(named)
  return limits.length === 0 ? 512 : Math.min(...limits)
}

/**
 * The limit that holds: what was asked for, and no more than the model's own.
 *
 * @throws RerankError `'invalid-argument'` for a length that is no integer or leaves no room for texts.
 */
export function checkedLength(asked: number | undefined, limit: number, minimum: number): number {
  if (asked === undefined) return limit
  if (!Number.isInteger(asked) || asked < minimum) {
    throw invalidArgument('maxLength', asked, `pass an integer of at least ${minimum} (at most ${limit} has an effect)`)
  }
  return Math.min(asked, limit)
}
