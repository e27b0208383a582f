/** The prompts that are known by name. */
export type TemplateName = 'qwen3-reranker' | 'mxbai-rerank-v2'

/** How a language model is asked about a pair. Each string is turned into tokens by itself; none of them is ever cut. */
export interface Prompt {
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

const profiles: readonly Profile[] = [qwen3, mxbai]

/** The names that the option `template` takes. */
export const templateNames: readonly TemplateName[] = profiles.map(({ name }) => name)

/** The profile of a model: the one that was asked for, else the one that its name or its config.json points to. */
export function profileOf(model: string, config: unknown, asked: TemplateName | undefined): Profile | undefined {
  if (asked !== undefined) return profiles.find(({ name }) => name === asked)
  const { _name_or_path: origin } = (config ?? {}) as { _name_or_path?: unknown }
  const names = [model, typeof origin === 'string' ? origin : '']
  return profiles.find(({ models }) => names.some((name) => models.test(name)))
}
