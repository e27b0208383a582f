import { RerankError, invalidArgument } from '../../errors.js'
import { type Head, labelsHead } from './head.js'
import { type PairEncoder, type PairEncoderOptions, createPairEncoder } from './pairs.js'
import { type Profile, profileOf, templateNames } from './profiles.js'
import { createPromptEncoder } from './prompt-pairs.js'
import type { ScoringOptions } from './scoring-options.js'
import { type TokenEncoder, createTextEncoder } from './text-encoder.js'

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
 * Reads from a model's files how it is to be asked and understood, for every runtime.
 *
 * @throws RerankError `'model-files'` when the files leave it open or ask for something that is not known here.
 */
export async function prepareScoring(
  files: ScoringFiles,
  options: ScoringOptions & PairEncoderOptions,
): Promise<Scoring> {
  const profile = profileOf(files.name, files.config, options.template)
  const isLanguageModel = architectureOf(files.config).endsWith('ForCausalLM')
  if (profile === undefined) refuseWithoutProfile(files, options, isLanguageModel)
  const encoder = await createTextEncoder(files.tokenizer, files.tokenizerConfig).catch((cause: unknown) => {
    const fix = 'restore it from the model it came with'
    const message = `tokenizer.json of ${files.name} cannot be used (${(cause as Error).message}): ${fix}.`
    throw new RerankError('model-files', message, { cause })
  })
  const pairs =
    profile === undefined
      ? createPairEncoder({ ...files, encoder }, options)
      : createPromptEncoder({ ...files, encoder }, profile, options)
  const head = isLanguageModel && profile ? wordsHead(files, profile, encoder) : labelsHead(files.config)
  return { pairs, head }
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
  const { true_token_id: yes, false_token_id: no } = (logitScore ?? {}) as Record<string, unknown>
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
