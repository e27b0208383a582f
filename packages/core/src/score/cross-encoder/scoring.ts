import { noInstruction, RerankError } from '../../base/errors.js'
import { type Chat, chatSourceOf, createChat, createChatEncoder } from './folder/chat.js'
import type { HeadStep } from './folder/head-steps.js'
import { type Layout, plainLayout } from './folder/layout.js'
import { type EffectiveTokenizer, effectiveTokenizer } from './folder/tokenizer-file.js'
import { idOf as idIn } from './folder/tokenizer-rebuild.js'
import { architectureOf, type ChatSettings } from './folder/transformer-settings.js'
import { createPairEncoder, modelLimit, namedLimit, type PairEncoder, type PairEncoderOptions } from './pairs.js'
import { createPromptEncoder, type Profile, profiles, templateNames } from './prompts.js'
import type { ReadingOptions } from './reading.js'
import type { ScoringOptions } from './scoring-options.js'
import { type Head, labelsHead } from './session/tensors.js'
import type { ChosenEncoder, Json, TokenEncoder, TokenizerKind } from './tokenizer/pipeline.js'
import { controlsOf, createContentEncoder } from './tokenizer/special-tokens.js'
import { createTextEncoder } from './tokenizer/wordpiece.js'

/** The files of a model that say how a pair is read and scored, parsed. */
export interface ScoringFiles {
  /** What the model is called: its repository or folder. Decides which prompt a language model is asked with. */
  readonly name: string
  readonly config: unknown
  readonly tokenizer: unknown
  readonly tokenizerConfig?: unknown
  /** special_tokens_map.json */
  readonly specialTokens?: unknown
  /** added_tokens.json */
  readonly addedTokens?: unknown
  /** The text of chat_template.jinja. */
  readonly chatTemplate?: string | undefined
  /** What the folder is made of. Default: the bare transformer of config.json. */
  readonly layout?: Layout | undefined
  /** The modules that score what an encoder gives, with their weights. */
  readonly steps?: readonly HeadStep[] | undefined
}

/** How pairs become tokens, and the model's numbers a score. */
export interface Scoring {
  readonly pairs: PairEncoder
  /**
   * Pairs with an instruction in place of the one that was asked for first.
   *
   * @throws RerankError `'invalid-argument'` for a model that takes none.
   */
  pairsWith(instruction: string): Promise<PairEncoder>
  readonly head: Head
  /** What turns text into tokens. */
  readonly tokenizer: TokenizerKind
}

/** How a pair is put to a model: as a pair, or in a prompt, of its own or known here by name. */
type Way =
  | { readonly kind: 'pair' }
  | { readonly kind: 'chat'; readonly chat: Chat }
  | { readonly kind: 'profile'; readonly profile: Profile }

type PreparingOptions = ScoringOptions & PairEncoderOptions & Pick<ReadingOptions, 'splitSpecialTokens'>

/** Everything that is known of a model before its tokenizer is made. */
interface Known {
  readonly files: ScoringFiles
  readonly layout: Layout
  readonly tokenizer: EffectiveTokenizer
  readonly options: PreparingOptions
  /** What turns text into tokens. `splits`: control tokens that are spelled out in a text are read as text. */
  encoder(splits: boolean): Promise<ChosenEncoder>
}

/** Instructions whose encoders are kept: making one renders prompts and encodes what stands in them. */
const KEPT_INSTRUCTIONS = 16

/**
 * Reads from a model's files how pairs are put to it and what its numbers mean, for every runtime.
 *
 * @throws RerankError `'model-files'` when the files leave it open or ask for something that is not known here.
 */
export async function prepareScoring(files: ScoringFiles, options: PreparingOptions): Promise<Scoring> {
  if (isOurs(files.config)) return prepareOurs(files, options)
  const layout = files.layout ?? plainLayout(files.config)
  const tokenizer = effectiveTokenizer(files.tokenizer, files, layout.transformer.lowercase)
  const encoder = keeping(2, (splits: boolean) => textEncoderFor(files.name, tokenizer.tokenizer, splits))
  const known = { files, layout, tokenizer, options, encoder }
  const { way, pairs, encoder: own } = await pairsOf(known)
  const pairsWith = keeping(KEPT_INSTRUCTIONS, async (instruction: string) => {
    const told = await pairsOf({ ...known, options: { ...options, instruction } })
    return told.pairs
  })
  return { pairs, pairsWith, head: await headFor(known, way, own), tokenizer: own.kind }
}

/** How pairs are put to a model, with the instruction in its options. */
async function pairsOf(known: Known): Promise<{ way: Way; pairs: PairEncoder; encoder: ChosenEncoder }> {
  const way = await wayOf(known)
  // What a prompt is made of has control tokens in it; what it quotes has none.
  const encoder = await known.encoder(known.options.splitSpecialTokens !== false && way.kind !== 'chat')
  return { way, pairs: await pairsFor(known, way, encoder), encoder }
}

/** Makes each thing once, and keeps the last few; one that could not be made is tried again. */
function keeping<K, T>(most: number, make: (key: K) => Promise<T>): (key: K) => Promise<T> {
  const made = new Map<K, Promise<T>>()
  return (key) => {
    const one = made.get(key) ?? make(key)
    made.delete(key)
    made.set(key, one)
    one.catch(() => made.delete(key))
    const [oldest] = made.keys()
    if (made.size > most && oldest !== undefined) made.delete(oldest)
    return one
  }
}

/** Whether a model is of a kind of our own, which Python does not load: no rule of Python's says how its files are read. */
export function isOurs(config: unknown): boolean {
  const { model_type: kind, architectures } = (config ?? {}) as Json
  // What loads it for browsers knows the class by another type.
  return kind === 'secondpass-split' || (Array.isArray(architectures) && architectures[0] === 'SplitReranker')
}

/** The files of a model of ours mean what they say. */
async function prepareOurs(files: ScoringFiles, options: PreparingOptions): Promise<Scoring> {
  if (options.instruction !== undefined) throw noInstruction(files.name, options.instruction)
  const encoder = await textEncoderFor(files.name, files.tokenizer, options.splitSpecialTokens !== false)
  const pairs = createPairEncoder({ ...files, encoder }, options)
  const pairsWith = async (instruction: string): Promise<never> => {
    throw noInstruction(files.name, instruction)
  }
  return { pairs, pairsWith, head: labelsHead(files.config), tokenizer: encoder.kind }
}

async function textEncoderFor(name: string, tokenizer: unknown, splits: boolean): Promise<ChosenEncoder> {
  return (splits ? createContentEncoder : createTextEncoder)(tokenizer).catch((cause: unknown) => {
    if (RerankError.is(cause)) throw cause
    const fix = 'restore it from the model it came with'
    const message = `tokenizer.json of ${name} cannot be used (${(cause as Error).message}): ${fix}.`
    throw new RerankError('model-files', message, { cause })
  })
}

/** A template that was asked for comes first, then the folder's own, then one that its name points to. */
async function wayOf(known: Known): Promise<Way> {
  const { files, layout, options } = known
  const isLanguageModel = layout.transformer.task === 'text-generation'
  const asked = profiles.find(({ name }) => name === options.template)
  if (asked !== undefined) return { kind: 'profile', profile: asked }
  const own = await ownChat(known)
  if (own !== undefined) return { kind: 'chat', chat: own }
  const { _name_or_path: origin } = (files.config ?? {}) as { _name_or_path?: unknown }
  const names = [files.name, typeof origin === 'string' ? origin : '']
  const named = layout.hasModules ? undefined : profiles.find(({ models }) => names.some((name) => models.test(name)))
  if (named !== undefined) return { kind: 'profile', profile: named }
  if (options.instruction !== undefined && layout.prompt === undefined)
    throw noInstruction(files.name, options.instruction)
  if (!isLanguageModel || layout.hasModules) return { kind: 'pair' }
  const fix = `pass template: '${templateNames.join("' or '")}' if it is one of these under another name`
  const seen = `${files.name} is a language model (${architectureOf(files.config)})`
  throw new RerankError('model-files', `${seen}, and how it is asked to rerank is not known here: ${fix}.`)
}

/** How sentence_transformers puts pairs to a model that came without settings for it, and that has a chat template. */
const INFERRED: ChatSettings = { format: 'auto', variables: {}, restoreSuffix: true }
/** A template that names the roles of a pair is meant for pairs. */
const FOR_PAIRS = /["'](query|document)["']/

/**
 * The folder's own chat template, where pairs are put by it.
 *
 * @throws RerankError `'model-files'` where they should be and cannot. A template for chats alone, in a folder of another
 * kind, leaves the choice to the name of the model.
 */
async function ownChat({ files, layout, tokenizer, options }: Known): Promise<Chat | undefined> {
  const { chat } = layout.transformer
  const template = chat === undefined ? undefined : chatSourceOf(files.chatTemplate, files.tokenizerConfig)
  if (chat === undefined || (template === undefined && chat === 'template')) return undefined
  if (template === undefined) {
    throw new RerankError(
      'model-files',
      `${files.name} has no chat template, which its files ask for: restore chat_template.jinja.`,
    )
  }
  const { specialTokens } = tokenizer
  const prompt = options.instruction ?? layout.prompt
  const settings = chat === 'template' ? INFERRED : chat
  try {
    const own = await createChat({ template, settings, config: files.config, specialTokens, prompt })
    if (options.instruction === undefined || own.hasPrompt()) return own
    throw noInstruction(`The chat template of ${files.name}`, options.instruction)
  } catch (error) {
    const isNamed = profiles.some(({ models }) => models.test(files.name))
    if (chat === 'template' && isNamed && !FOR_PAIRS.test(template.source)) return undefined
    throw error
  }
}

async function pairsFor(
  { files, layout, tokenizer, options, encoder: encoderWith }: Known,
  way: Way,
  encoder: TokenEncoder,
): Promise<PairEncoder> {
  const length = layout.transformer.maxSeqLength
  const lengths = { ...files, sentenceBert: length === undefined ? undefined : { max_seq_length: length } }
  const all = { ...tokenizer, encoder, limit: modelLimit(lengths) }
  if (way.kind === 'profile') {
    const prompts = await encoderWith(false)
    return createPromptEncoder({ ...all, prompts }, way.profile, options)
  }
  if (namedLimit(lengths) === undefined && options.maxLength === undefined) {
    const fix = 'pass maxLength'
    throw new RerankError('model-files', `No file of ${files.name} says how many tokens it reads: ${fix}.`)
  }
  if (way.kind === 'chat') {
    const content =
      options.splitSpecialTokens === false
        ? undefined
        : {
            encoder: await encoderWith(true),
            controls: controlsOf(tokenizer.tokenizer),
          }
    return createChatEncoder({ ...all, content }, way.chat, options)
  }
  const pairs = createPairEncoder(all, options)
  const prompt = options.instruction ?? layout.prompt
  if (prompt === undefined) return pairs
  if (layout.modules.some((module) => module.kind === 'Pooling' && !module.takesPrompt)) {
    const fix = 'set include_prompt to true, or default_prompt_name to null'
    throw new RerankError(
      'model-files',
      `${files.name} leaves its prompt out when it pools, which is not known here: ${fix}.`,
    )
  }
  return { ...pairs, encodeQuery: async (query) => pairs.encodeQuery(prompt + query) }
}

async function headFor({ files, layout, tokenizer }: Known, way: Way, encoder: ChosenEncoder): Promise<Head> {
  const { task, outputName: input } = layout.transformer
  const logitScore = layout.modules.find((module) => module.kind === 'LogitScore')
  if (logitScore !== undefined) return { kind: 'next-token', yes: logitScore.yes, no: logitScore.no }
  if (task === 'feature-extraction') {
    const first = layout.modules.find((module) => 'width' in module && module.from === input)
    const width = first !== undefined && 'width' in first ? first.width : 0
    return { kind: 'modules', input, width, steps: files.steps ?? [] }
  }
  if (task === 'sequence-classification') return labelsOf(files)
  return way.kind === 'profile'
    ? wordsHead(files.name, way.profile, encoder)
    : plainWordsHead(files.name, tokenizer.tokenizer)
}

/** A model whose config.json names no architecture has one label for CrossEncoder, whatever else it names. */
function labelsOf({ name, config }: ScoringFiles): Head {
  const head = labelsHead(config)
  if (head.names.length < 2 || architectureOf(config) !== '') return head
  const fix = 'write the class of the model there, such as BertForSequenceClassification'
  throw new RerankError(
    'model-files',
    `config.json of ${name} names ${head.names.length} labels and no architectures: ${fix}.`,
  )
}

/** The words whose numbers are compared in a prompt that is known by name. */
async function wordsHead(name: string, { words }: Profile, encoder: TokenEncoder): Promise<Head> {
  const idOf = async (word: string): Promise<number> => {
    const ids = await encoder.encode(word)
    if (ids.length === 1) return ids[0] as number
    throw new RerankError(
      'model-files',
      `The word ${JSON.stringify(word)} is ${ids.length} tokens for ${name}: its tokenizer.json is not the one it was made with.`,
    )
  }
  return { kind: 'next-token', yes: await idOf(words.yes), no: await idOf(words.no) }
}

/** What sentence_transformers compares when no file says it. */
function plainWordsHead(name: string, tokenizer: Json): Head {
  const [yes, no] = [idIn(tokenizer, 'yes'), idIn(tokenizer, 'no')]
  if (yes !== undefined && no !== undefined) return { kind: 'next-token', yes, no }
  const fix = 'add modules.json and 1_LogitScore/config.json with the ids of the words it answers with'
  throw new RerankError('model-files', `tokenizer.json of ${name} has no token "yes" or no token "no": ${fix}.`)
}
