import { RerankError } from '../../../base/errors.js'
import { checkedLength, type PairEncoder, type PairEncoderOptions } from '../pairs.js'
import type { Json, TokenEncoder } from '../tokenizer/pipeline.js'
import { isObject, notKnown } from './small-files.js'
import { compileTemplate } from './template.js'
import type { ChatSettings } from './transformer-settings.js'

/** A chat template, and where it is. */
export interface ChatSource {
  readonly file: string
  readonly source: string
  /** Whether it is one of several that have names, of which Python never asks how they read messages. */
  readonly isNamed?: boolean
}

/**
 * The chat template of a model: that of chat_template.jinja, else the one in tokenizer_config.json that has no name, or the
 * name `default`.
 *
 * @param jinja the content of chat_template.jinja
 */
export function chatSourceOf(jinja: string | undefined, tokenizerConfig: unknown): ChatSource | undefined {
  if (jinja !== undefined) return { file: 'chat_template.jinja', source: jinja }
  const { chat_template: given } = (tokenizerConfig ?? {}) as { chat_template?: unknown }
  const file = 'tokenizer_config.json'
  if (given === undefined || given === null) return undefined
  if (typeof given === 'string') return { file, source: given }
  const named = Array.isArray(given)
    ? (given as Json[]).map(({ name, template }) => [name, template])
    : isObject(given)
      ? Object.entries(given)
      : []
  const found = named.find(([name]) => name === 'default')?.[1]
  if (typeof found === 'string') return { file, source: found, isNamed: true }
  throw notKnown(
    { file, name: 'chat_template', value: given },
    'it should be a template, or a list with one called default',
  )
}

/** How a query and a text are put to a model by its own chat template. */
export interface Chat {
  ask(query: string, text: string): string
  /** Whether what is asked holds the prompt; not when the template leaves it out. */
  hasPrompt(): boolean
  readonly restoreSuffix: boolean
}

/** What a chat template is rendered with. */
export interface ChatParts {
  readonly template: ChatSource
  readonly settings: ChatSettings
  /** config.json */
  readonly config: unknown
  /** The special tokens, by their names. */
  readonly specialTokens: Readonly<Record<string, string>>
  /** Put before the pair, as the message of the system. */
  readonly prompt: string | undefined
}

/** Pairs of which one side differs from the first pair's, in its first letter and in length. */
const PROBES = [
  ['alpha', 'bravo'],
  ['charlie', 'bravo'],
  ['alpha', 'foxtrot'],
] as const

/**
 * Makes of a chat template what asks about a pair: a message of the role `query` and one of the role `document`, as
 * `sentence_transformers` has it.
 *
 * @throws RerankError `'model-files'` when the template cannot be rendered, or when what is asked would not hold both sides.
 */
export async function createChat(parts: ChatParts): Promise<Chat> {
  const { template, settings, specialTokens, prompt } = parts
  const render = await compileTemplate(template.file, template.source)
  const format = settings.format === 'auto' ? formatOf(template, parts.config) : settings.format
  const content = (text: string): unknown => (format === 'flat' ? text : [{ type: 'text', text }])
  const before = prompt === undefined ? [] : [{ role: 'system', content: content(prompt) }]
  const variables = {
    tools: null,
    documents: null,
    add_generation_prompt: false,
    ...specialTokens,
    ...settings.variables,
  }
  const pairOf = (query: string, text: string): readonly unknown[] => [
    { role: 'query', content: content(query) },
    { role: 'document', content: content(text) },
  ]
  const ask = (query: string, text: string): string =>
    render({ ...variables, messages: [...before, ...pairOf(query, text)] })
  checkRoles(template, ask)
  const [query, text] = PROBES[0]
  const hasPrompt = (): boolean =>
    prompt !== undefined && ask(query, text) !== render({ ...variables, messages: pairOf(query, text) })
  return { ask, hasPrompt, restoreSuffix: settings.restoreSuffix }
}

/** A template for chats alone leaves out messages of roles that it does not know, and the model would read nothing. */
function checkRoles({ file }: ChatSource, ask: Chat['ask']): void {
  const [base, ...varied] = PROBES.map(([query, text]) => ask(query, text))
  const lost = ['query', 'document'].filter((_, at) => varied[at] === base)
  if (lost.length === 0) return
  const fix = 'it is for chats, not for pairs; set template if the model is one that is known by name'
  throw new RerankError('model-files', `The chat template of ${file} leaves out the ${lost.join(' and the ')}: ${fix}.`)
}

const FLAT_KINDS: readonly unknown[] = ['apertus', 'deepseek_v3', 'gpt_oss', 'seed_oss']
const STRUCTURED_SIGNS = ['content[0]', '.type', "'type'", '"type"', 'message.content[']

/** Whether the content of messages is their text, or a list of parts: by how the template reads it. */
function formatOf({ source, isNamed }: ChatSource, config: unknown): 'flat' | 'structured' {
  if (FLAT_KINDS.includes((config as Json | undefined)?.['model_type'])) return 'flat'
  return isNamed === true || source === '' || STRUCTURED_SIGNS.some((sign) => source.includes(sign))
    ? 'structured'
    : 'flat'
}

/** What pairs are encoded with. */
export interface ChatEncoderFiles {
  readonly encoder: TokenEncoder
  readonly limit: number
  readonly truncationSide: 'left' | 'right'
  /** Where control tokens that a query or a text spells out are to stay the characters that they are. */
  readonly content?:
    | {
        /** Encodes them so. */
        readonly encoder: TokenEncoder
        /** What they are called. */
        readonly controls: readonly string[]
      }
    | undefined
}

/**
 * Joins query and text as a chat template has it. Too long a prompt is cut at one end without regard to what is in it, and
 * what the template puts behind the pair is then written over its last tokens, since a model reads its answer there.
 *
 * @throws RerankError `'invalid-argument'` for a `maxLength` that is no integer or leaves no room for texts.
 */
export async function createChatEncoder(
  files: ChatEncoderFiles,
  chat: Chat,
  options: PairEncoderOptions,
): Promise<PairEncoder> {
  const { limit, truncationSide } = files
  const { restoreSuffix } = chat
  const { ask, encoder } = withoutControls(files, chat)
  const lengthOf = async (text: string, atMost?: number): Promise<number> => (await encoder.encode(text, atMost)).length
  const maxLength = checkedLength(options.maxLength, limit, (await lengthOf(ask('', ''))) + 2)
  const suffix = restoreSuffix
    ? commonEnd(await encoder.encode(ask('0', '0')), await encoder.encode(ask(FILLER, FILLER)))
    : []
  const cutsLeft = truncationSide === 'left'
  return {
    maxLength,
    together: encoder.together,
    encodeQuery: async (query) => ({ ids: await encoder.encode(ask(query, '')), text: query }),
    async encodePair({ text: query = '' }, text) {
      const ids = await encoder.encode(ask(query, text), cutsLeft ? undefined : maxLength + 1)
      const truncated = ids.length > maxLength
      const kept = Int32Array.from(cutsLeft ? ids.slice(Math.max(0, ids.length - maxLength)) : ids.slice(0, maxLength))
      const restored = kept.length < maxLength ? 0 : Math.min(suffix.length, kept.length)
      kept.set(suffix.slice(suffix.length - restored), kept.length - restored)
      return { ids: kept, secondSegmentStart: kept.length, truncated, queryTruncated: false }
    },
    roomForText: ({ ids }) => Math.max(1, maxLength - ids.length),
    countTokens: async (text, atMost) => (await encoder.encode(text, atMost)).length,
  }
}

/** What stands in a prompt for a control token that a stranger wrote: its place in the list, between two signs of nobody's. */
const STAND_IN = /\uf8fa(\d{1,6})\uf8fb/

/** Asks with stand-ins for what the query and the text spell out, and encodes each of them apart from what is around it. */
function withoutControls(
  { encoder, content }: ChatEncoderFiles,
  { ask }: Chat,
): Pick<Chat, 'ask'> & { encoder: TokenEncoder } {
  const controls = [...(content?.controls ?? [])]
    .filter((name) => name !== '')
    .sort((one, other) => other.length - one.length)
  if (content === undefined || controls.length === 0) return { ask, encoder }
  const spelled = new RegExp(controls.map((name) => name.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')).join('|'), 'g')
  const stand = (text: string): string => text.replace(spelled, (name) => `\uf8fa${controls.indexOf(name)}\uf8fb`)
  return {
    ask: (query, text) => ask(stand(query), stand(text)),
    encoder: {
      together: encoder.together,
      async encode(prompt, maxTokens = Infinity) {
        const parts = prompt.split(STAND_IN)
        if (parts.length === 1) return encoder.encode(prompt, maxTokens)
        const ids: number[] = []
        for (const [at, part] of parts.entries()) {
          if (ids.length >= maxTokens) break
          const isName = at % 2 === 1
          const found = isName ? await content.encoder.encode(controls[Number(part)] ?? '') : await encoder.encode(part)
          for (const id of found) ids.push(id)
        }
        return ids.length > maxTokens ? ids.slice(0, maxTokens) : ids
      },
    },
  }
}

/** Becomes other tokens than a lone zero does. */
const FILLER = '1 2 3 4'

/** What two lists of tokens have in common at their ends; nothing when one of them is no more than that. */
function commonEnd(one: readonly number[], other: readonly number[]): readonly number[] {
  let count = 0
  while (count < Math.min(one.length, other.length) && one.at(-1 - count) === other.at(-1 - count)) count++
  return count < Math.min(one.length, other.length) ? one.slice(one.length - count) : []
}
