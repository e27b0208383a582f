import type { Json } from '../tokenizer/pipeline.js'
import { notKnown } from './small-files.js'

/** The files beside tokenizer.json that say how transformers loads it, parsed. */
export interface TokenizerSettings {
  /** config.json */
  readonly config?: unknown
  /** tokenizer_config.json */
  readonly tokenizerConfig?: unknown
  /** special_tokens_map.json */
  readonly specialTokens?: unknown
  /** added_tokens.json */
  readonly addedTokens?: unknown
}

/** The classes of transformers 5 that are reproduced here. `TokenizersBackend` takes tokenizer.json as it is. */
export type TokenizerClass =
  | 'TokenizersBackend'
  | 'BertTokenizer'
  | 'DistilBertTokenizer'
  | 'MPNetTokenizer'
  | 'RobertaTokenizer'
  | 'XLMRobertaTokenizer'
  | 'CamembertTokenizer'
  | 'DebertaTokenizer'
  | 'DebertaV2Tokenizer'
  | 'AlbertTokenizer'
  | 'Qwen2Tokenizer'
  | 'GPT2Tokenizer'

/** The names under which files know a class, without `Fast` at their end. */
const CLASSES: Readonly<Record<string, TokenizerClass>> = {
  PreTrainedTokenizer: 'TokenizersBackend',
  TokenizersBackend: 'TokenizersBackend',
  BertTokenizer: 'BertTokenizer',
  ElectraTokenizer: 'BertTokenizer',
  MobileBertTokenizer: 'BertTokenizer',
  LayoutLMTokenizer: 'BertTokenizer',
  SqueezeBertTokenizer: 'BertTokenizer',
  DistilBertTokenizer: 'DistilBertTokenizer',
  MPNetTokenizer: 'MPNetTokenizer',
  RobertaTokenizer: 'RobertaTokenizer',
  LongformerTokenizer: 'RobertaTokenizer',
  BartTokenizer: 'RobertaTokenizer',
  LEDTokenizer: 'RobertaTokenizer',
  XLMRobertaTokenizer: 'XLMRobertaTokenizer',
  CamembertTokenizer: 'CamembertTokenizer',
  DebertaTokenizer: 'DebertaTokenizer',
  DebertaV2Tokenizer: 'DebertaV2Tokenizer',
  AlbertTokenizer: 'AlbertTokenizer',
  Qwen2Tokenizer: 'Qwen2Tokenizer',
  GPT2Tokenizer: 'GPT2Tokenizer',
}

/** The class that transformers 5.24 has registered for a kind of model, of the kinds that read text. */
const REGISTERED: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    BertTokenizer:
      'bert electra distilbert ernie convbert layoutlm squeezebert megatron-bert nezha nomic_bert qdqbert realm retribert visual_bert',
    MobileBertTokenizer: 'mobilebert',
    MPNetTokenizer: 'mpnet',
    RobertaTokenizer: 'roberta longformer bart data2vec-text ibert mra mega roberta-prelayernorm lilt',
    XLMRobertaTokenizer: 'xlm-roberta xmod gte jina_embeddings_v3',
    CamembertTokenizer: 'camembert',
    DebertaTokenizer: 'deberta',
    DebertaV2Tokenizer: 'deberta-v2',
    AlbertTokenizer: 'albert yoso',
    Qwen2Tokenizer: 'qwen2 qwen2_moe qwen3 qwen3_moe qwen3_next',
    GPT2Tokenizer: 'gpt2 gptj gpt_neo opt phi starcoder2 codegen jais2 dbrx',
    GemmaTokenizer: 'gemma gemma2 gemma3 gemma3_text recurrent_gemma t5gemma zaya',
    GPTNeoXTokenizer: 'gpt_neox falcon_mamba mamba mamba2 mpt olmo olmoe rwkv xlstm',
    T5Tokenizer: 't5 mt5 switch_transformers',
    TokenizersBackend:
      'modernbert modernbert-decoder xlm-roberta-xl mistral mixtral ministral ministral3 mistral3 granite granitemoe ' +
      'granitemoehybrid granitemoeshared phi3 phimoe nystromformer glm glm4 glm4_moe olmo2 olmo3 olmo_hybrid flex_olmo ' +
      'stablelm persimmon gpt_bigcode umt5 bigbird_pegasus pegasus_x arctic chatlm ernie4_5 ernie4_5_moe internlm2 ' +
      'internlm3 jamba minicpm3 minimax_m2 nemotron kimi_linear mimo_v2_flash',
  }).flatMap(([name, kinds]) => kinds.split(' ').map((kind) => [kind, name])),
)

/** Kinds whose registered class wins over what their files name, which was wrong in too many of them. */
const MISNAMED =
  /^(modernbert|modernbert-decoder|qwen2|phi3|phimoe|arctic|ernie4_5|ernie4_5_moe|internlm[23]|jamba|minicpm3|minimax_m2|nemotron)$/

/**
 * The class that `AutoTokenizer` of transformers 5.24 makes of a folder.
 *
 * @throws RerankError `'model-files'` for a class that is not reproduced here.
 */
export function tokenizerClassOf(tokenizer: Json, { config, tokenizerConfig }: TokenizerSettings): TokenizerClass {
  const model = (config ?? {}) as Json
  const { model_type: kind = '' } = model as { model_type?: string }
  const named = (tokenizerConfig as Json | undefined)?.['tokenizer_class'] ?? model['tokenizer_class'] ?? undefined
  if (named !== undefined && typeof named !== 'string') throw unknownClass(named)
  const registered = Object.hasOwn(REGISTERED, kind) ? REGISTERED[kind] : undefined
  const hub = named?.replace(/Fast$/, '')
  // Its class is for SentencePiece; a file with bytes of GPT-2 is taken as it is.
  if (hub === 'LlamaTokenizer' && hasByteLevel(tokenizer['pre_tokenizer']) && !MISNAMED.test(kind))
    return 'TokenizersBackend'
  if (hub === undefined) return classNamed(registered ?? 'TokenizersBackend')
  if (registered === undefined || registered === hub) return classNamed(hub)
  if (registered === 'TokenizersBackend') return 'TokenizersBackend'
  return classNamed(MISNAMED.test(kind) ? registered : hub)
}

function classNamed(name: string): TokenizerClass {
  const found = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined
  if (found === undefined) throw unknownClass(name)
  return found
}

function unknownClass(value: unknown): Error {
  const fix = 'load it with transformers in Python, check it there, and save it as PreTrainedTokenizerFast'
  return notKnown({ file: 'tokenizer_config.json', name: 'tokenizer_class', value }, fix)
}

function hasByteLevel(step: unknown): boolean {
  const { type, pretokenizers = [] } = (step ?? {}) as { type?: unknown; pretokenizers?: unknown[] }
  return type === 'ByteLevel' || pretokenizers.some(hasByteLevel)
}

const WITH_SEGMENTS: readonly TokenizerClass[] = ['BertTokenizer', 'DebertaTokenizer', 'DebertaV2Tokenizer']

/**
 * Whether a model is fed segments: `model_input_names`, else what the class has. A model that is fed none takes them all
 * for 0, whatever its tokenizer says.
 */
export function hasSegments(name: TokenizerClass, tokenizerConfig: unknown): boolean {
  const { model_input_names: inputs } = (tokenizerConfig ?? {}) as { model_input_names?: unknown }
  if (inputs === undefined || inputs === null) return WITH_SEGMENTS.includes(name)
  if (Array.isArray(inputs) && inputs[0] === 'input_ids') return inputs.includes('token_type_ids')
  const fix = 'it should be a list that begins with input_ids'
  throw notKnown({ file: 'tokenizer_config.json', name: 'model_input_names', value: inputs }, fix)
}

/** Which end is cut off: what tokenizer_config.json says, else tokenizer.json. */
export function truncationSideOf(tokenizer: Json, tokenizerConfig: unknown): 'left' | 'right' {
  const { truncation_side: side } = (tokenizerConfig ?? {}) as { truncation_side?: unknown }
  const { direction = 'right' } = (tokenizer['truncation'] ?? {}) as { direction?: unknown }
  const value = String(side ?? direction).toLowerCase()
  if (value === 'left' || value === 'right') return value
  throw notKnown(
    { file: 'tokenizer_config.json', name: 'truncation_side', value: side },
    "it should be 'left' or 'right'",
  )
}
