import { checkedLength, modelLimit, type PairEncoder, type PairEncoderFiles, type PairEncoderOptions } from './pairs.js'
import type { TokenEncoder } from './tokenizer/pipeline.js'

/** The prompts that are known by name. */
export type TemplateName = 'qwen3-reranker' | 'mxbai-rerank-v2'

/** How a language model is asked about a pair. Each string is turned into tokens by itself; none of them is ever cut. */
interface Prompt {
  readonly prefix: readonly string[]
  /** One piece with the query between them, which loses its end when it is too long. */
  readonly beforeQuery: string
  readonly afterQuery: string
  readonly separator: readonly string[]
  /** One piece with the text behind it, which loses its end first. */
  readonly beforeText: string
  readonly suffix: readonly string[]
}

/** What no file of a model says, and its authors publish in words or code. */
export interface Profile {
  readonly name: TemplateName
  /** Repositories and folders that it is for. */
  readonly models: RegExp
  prompt(instruction: string | undefined): Prompt
  /** The words whose logits are compared; each is one token. */
  readonly words: { readonly yes: string; readonly no: string }
  /** Longest prompt in tokens. */
  readonly maxTokens: number
  /** Most tokens of query and text together, where that is what the authors limit. */
  readonly maxContentTokens?: number
  /** Share of query and text that the query may take. */
  readonly queryShare: number
}

/** https://huggingface.co/Qwen/Qwen3-Reranker-0.6B */
const qwen3: Profile = {
  name: 'qwen3-reranker',
  models: /qwen3-reranker/i,
  prompt: (instruction = 'Given a web search query, retrieve relevant passages that answer the query') => ({
    prefix: [
      '<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct ' +
        'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n',
    ],
    beforeQuery: `<Instruct>: ${instruction}\n<Query>: `,
    afterQuery: '\n<Document>:',
    separator: [],
    beforeText: ' ',
    suffix: ['<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n'],
  }),
  words: { yes: 'yes', no: 'no' },
  maxTokens: 8192,
  queryShare: 1,
}

/** https://github.com/mixedbread-ai/mxbai-rerank */
const mxbai: Profile = {
  name: 'mxbai-rerank-v2',
  models: /mxbai-rerank-(base-|large-)?v2/i,
  prompt: (instruction) => ({
    prefix: [
      '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' +
        '<|im_start|>user\n',
    ],
    beforeQuery: `${instruction === undefined ? '' : `instruction: ${instruction}\n`}query: `,
    afterQuery: '',
    separator: ['\n'],
    beforeText: 'document: ',
    suffix: [
      '\n',
      'You are a search relevance expert who evaluates how well documents match search queries. For each ' +
        'query-document pair, carefully analyze the semantic relationship between them, then provide your binary ' +
        'relevance judgment (0 for not relevant, 1 for relevant).\nRelevance:',
      '<|im_end|>\n<|im_start|>assistant\n',
    ],
  }),
  words: { yes: '1', no: '0' },
  maxTokens: 32_768,
  maxContentTokens: 8192,
  queryShare: 0.75,
}

/** The prompts that are known. */
export const profiles: readonly Profile[] = [qwen3, mxbai]

/** The names that the option `template` takes. */
export const templateNames: readonly TemplateName[] = profiles.map(({ name }) => name)

/**
 * Joins query and text into the prompt of a language model. What stands before and behind them is never cut: the text
 * loses its end first, then the query. A model reads its answer off the last token, so nothing may be missing there.
 *
 * @throws RerankError `'invalid-argument'` for a `maxLength` that is no integer or leaves no room for texts.
 */
export async function createPromptEncoder(
  files: Omit<PairEncoderFiles, 'tokenizer'> & {
    /** For the prompt's own words, control tokens included; `encoder` is for the query and the text. */
    readonly prompts: TokenEncoder
  },
  profile: Profile,
  options: PairEncoderOptions & { readonly instruction?: string | undefined },
): Promise<PairEncoder> {
  const { encoder, prompts } = files
  const prompt = profile.prompt(options.instruction)
  const idsOf = async (parts: readonly string[]): Promise<number[]> =>
    (await Promise.all(parts.map(async (part) => prompts.encode(part)))).flat()
  const [prefix, separator, suffix] = [
    await idsOf(prompt.prefix),
    await idsOf(prompt.separator),
    await idsOf(prompt.suffix),
  ]
  const around = prefix.length + suffix.length
  const beforeText = separator.length + (await encoder.encode(prompt.beforeText)).length
  const least = around + beforeText + (await encoder.encode(prompt.beforeQuery + prompt.afterQuery)).length
  const limit = Math.min(profile.maxTokens, files.limit ?? modelLimit(files))
  const maxLength = checkedLength(options.maxLength, limit, least + 2)
  // What stays before a query that loses its beginning: blanks belong to the word behind them.
  const head = (await encoder.encode(prompt.beforeQuery.trimEnd())).length
  // Query, separator and text together, and what of it is the query's.
  const content = Math.min(profile.maxContentTokens ?? Infinity, maxLength - around)
  const queryRoom = Math.floor(content * profile.queryShare)
  return {
    maxLength,
    together: encoder.together,
    encodeQuery: async (query) => ({ ids: await encoder.encode(prompt.beforeQuery + query + prompt.afterQuery) }),
    async encodePair({ ids: query }, text) {
      const kept = options.queryTruncationSide === 'left' ? endOf(query, queryRoom, head) : query.slice(0, queryRoom)
      const room = content - kept.length
      const body = await encoder.encode(prompt.beforeText + text, Math.max(1, room - separator.length + 1))
      const second = [...separator, ...body]
      const ids = Int32Array.from([...prefix, ...kept, ...second.slice(0, room), ...suffix])
      const queryTruncated = query.length > kept.length
      return { ids, secondSegmentStart: ids.length, truncated: second.length > room, queryTruncated }
    },
    roomForText: ({ ids: query }) => Math.max(1, content - Math.min(query.length, queryRoom) - beforeText),
    countTokens: async (text, atMost) => (await encoder.encode(text, atMost)).length,
  }
}

/** The first tokens, which say what follows, and as many of the last as there is room for. */
function endOf(query: readonly number[], room: number, head: number): readonly number[] {
  if (query.length <= room) return query
  const first = Math.min(head, room)
  return [...query.slice(0, first), ...query.slice(query.length - (room - first))]
}
