import {
  type Checks,
  blend as blendCheck,
  must,
  oneAmong,
  oneOf,
  type OptionTable,
  readOptions,
} from '../../base/check.js'
import { invalidArgument, RerankError } from '../../base/errors.js'
import type { ScorerDefaults } from '../../types.js'
import { createPairEncoder, type PairEncoder, type PairEncoderOptions } from './pairs.js'
import type { ReadingOptions } from './reading.js'
import { createPromptEncoder, type Profile, profiles, type TemplateName, templateNames } from './prompts.js'
import { type Head, labelsHead } from './session/tensors.js'
import type { Json, TokenEncoder } from './tokenizer/library.js'
import { createContentEncoder } from './tokenizer/special-tokens.js'
import { createTextEncoder } from './tokenizer/wordpiece.js'

/** The files of a model that say how a pair is read and scored, parsed. */
export interface ScoringFiles {
  /** What the model is called: its repository or folder. Decides which prompt a language model is asked with. */
  readonly name: string
  readonly config: unknown
  readonly tokenizer: unknown
  readonly tokenizerConfig?: unknown
  /** sentence_bert_config.json, which may name a limit. */
  readonly sentenceBert?: unknown
  /** 1_LogitScore/config.json, where `sentence_transformers` keeps which words are compared. */
  readonly logitScore?: unknown
}

/** How pairs become tokens, and the model's numbers a score. */
export interface Scoring {
  readonly pairs: PairEncoder
  readonly head: Head
}

/**
 * Reads from a model's files how pairs are put to it and what its numbers mean, for every runtime.
 *
 * @throws RerankError `'model-files'` when the files leave it open or ask for something that is not known here.
 */
export async function prepareScoring(
  files: ScoringFiles,
  options: ScoringOptions & PairEncoderOptions & Pick<ReadingOptions, 'splitSpecialTokens'>,
): Promise<Scoring> {
  const profile = profileOf(files.name, files.config, options.template)
  const isLanguageModel = architectureOf(files.config).endsWith('ForCausalLM')
  if (profile === undefined) refuseWithoutProfile(files, options, isLanguageModel)
  const { tokenizer, tokenizerConfig } = files
  const make = options.splitSpecialTokens === false ? createTextEncoder : createContentEncoder
  const encoder = await usable(files.name, make(tokenizer, tokenizerConfig))
  if (profile === undefined) {
    return { pairs: createPairEncoder({ ...files, encoder }, options), head: labelsHead(files.config) }
  }
  // What a prompt is made of has control tokens in it; what it quotes has none. Kept no longer than the prompt is made.
  const prompts = await usable(files.name, createTextEncoder(tokenizer, tokenizerConfig))
  const pairs = createPromptEncoder({ ...files, encoder, prompts }, profile, options)
  return { pairs, head: isLanguageModel ? wordsHead(files, profile, encoder) : labelsHead(files.config) }
}

/** @throws RerankError `'model-files'` when the tokenizer cannot be made. */
async function usable(model: string, encoder: Promise<TokenEncoder>): Promise<TokenEncoder> {
  try {
    return await encoder
  } catch (cause) {
    const fix = 'restore it from the model it came with'
    const message = `tokenizer.json of ${model} cannot be used (${(cause as Error).message}): ${fix}.`
    throw new RerankError('model-files', message, { cause })
  }
}

/** The profile of a model: the one that was asked for, else the one that its name or its config.json points to. */
function profileOf(model: string, config: unknown, asked: TemplateName | undefined): Profile | undefined {
  if (asked !== undefined) return profiles.find(({ name }) => name === asked)
  const { _name_or_path: origin } = (config ?? {}) as { _name_or_path?: unknown }
  const names = [model, typeof origin === 'string' ? origin : '']
  return profiles.find(({ models }) => names.some((name) => models.test(name)))
}

function architectureOf(config: unknown): string {
  const { architectures } = (config ?? {}) as { architectures?: unknown }
  return Array.isArray(architectures) ? String(architectures[0] ?? '') : ''
}

function refuseWithoutProfile({ name, config }: ScoringFiles, options: ScoringOptions, isLanguageModel: boolean): void {
  if (options.instruction !== undefined) {
    throw invalidArgument('instruction', options.instruction, `${name} takes none; leave it out`)
  }
  if (!isLanguageModel) return
  const fix = `pass template: '${templateNames.join("' or '")}' if it is one of these under another name`
  throw new RerankError(
    'model-files',
    `${name} is a language model (${architectureOf(config)}), and how it is asked to rerank is not known here: ${fix}.`,
  )
}

/** The words whose numbers are compared: those that the files name, else those of the profile. */
function wordsHead({ name, logitScore }: ScoringFiles, { words }: Profile, encoder: TokenEncoder): Head {
  const { true_token_id: yes, false_token_id: no } = (logitScore ?? {}) as Json
  if (typeof yes === 'number') return { kind: 'next-token', yes, no: typeof no === 'number' ? no : undefined }
  const idOf = (word: string): number => {
    const ids = encoder.encode(word)
    if (ids.length === 1) return ids[0] as number
    throw new RerankError(
      'model-files',
      `The word ${JSON.stringify(word)} is ${ids.length} tokens for ${name}: its tokenizer.json is not the one it was made with.`,
    )
  }
  return { kind: 'next-token', yes: idOf(words.yes), no: idOf(words.no) }
}

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
  instruction: must<string>(
    (value) => typeof value === 'string' && value.trim() !== '',
    'pass a sentence, or leave it out',
  ),
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
  languages: must<readonly string[]>(
    (value) => Array.isArray(value) && value.length > 0 && value.every((code) => /^[a-z]{2}$/.test(String(code))),
    'write a list of languages in two letters each, such as ["en"]',
  ),
} satisfies OptionTable<ScorerDefaults>

function isScript(name: unknown): boolean {
  try {
    return /^\w+$/.test(String(name)) && new RegExp(`\\p{Script=${String(name)}}`, 'u').unicode
  } catch {
    return false
  }
}
