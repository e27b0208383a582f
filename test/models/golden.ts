/** Numbers that others have published for public models, or hold their own code to. */
export interface GoldenScores {
  readonly model: string
  /** Roughly what is downloaded. */
  readonly megabytes: number
  /** `'logits'`: the model's own numbers. `'scores'`: after the activation that its files name. */
  readonly kind: 'logits' | 'scores'
  readonly query: string
  readonly texts: readonly string[]
  readonly expected: readonly number[]
  /** As published: fp32 to the last digits; bf16 and fp16 to what is left of them. */
  readonly tolerance: number
  readonly source: string
}

type Case = Pick<GoldenScores, 'query' | 'texts' | 'source'>

const france: Case = {
  query: 'What is the capital of France?',
  texts: ['Paris is the capital of France.', 'Berlin is the capital of Germany.'],
  source: 'https://github.com/qdrant/fastembed/blob/main/tests/test_text_cross_encoder.py',
}
const berlin: Case = {
  query: 'How many people live in Berlin?',
  texts: [
    'Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers.',
    'Berlin is well known for its museums.',
  ],
  source: 'https://huggingface.co/cross-encoder/ms-marco-MiniLM-L6-v2',
}
const planet: Case = {
  query: 'Which planet is known as the Red Planet?',
  texts: [
    "Venus is often called Earth's twin because of its similar size and proximity.",
    'Mars, known for its reddish appearance, is often referred to as the Red Planet.',
    'Jupiter, the largest planet in our solar system, has a prominent red spot.',
    'Saturn, famous for its rings, is sometimes mistaken for the Red Planet.',
  ],
  source:
    'https://github.com/huggingface/sentence-transformers/blob/main/tests/cross_encoder/test_pretrained.py (bf16)',
}
const panda: Case = {
  query: 'what is panda?',
  texts: [
    'hi',
    'The giant panda (Ailuropoda melanoleuca), sometimes called a panda bear or simply panda, is a bear species endemic to China.',
  ],
  source: 'https://github.com/FlagOpen/FlagEmbedding (fp16)',
}

const FP32 = 1e-3
/** Half a unit in the last place of a bf16 logit near 10, twice: of the sum and of what it is made of. */
const BF16_LOGIT = 0.1
const BF16_SCORE = 0.02
const FP16 = 0.02

const logits = (
  model: string,
  megabytes: number,
  pairs: Case,
  expected: number[],
  tolerance: number,
): GoldenScores => ({ model, megabytes, kind: 'logits', ...pairs, expected, tolerance })
const scores = (model: string, megabytes: number, expected: number[]): GoldenScores => ({
  model,
  megabytes,
  kind: 'scores',
  ...planet,
  expected,
  tolerance: BF16_SCORE,
})

const L6 = 'cross-encoder/ms-marco-MiniLM-L6-v2'
const L12 = 'cross-encoder/ms-marco-MiniLM-L12-v2'
const BGE = 'BAAI/bge-reranker-base'
const BGE_LARGE = 'BAAI/bge-reranker-large'
const BGE_M3 = 'onnx-community/bge-reranker-v2-m3-ONNX'
const JINA_TINY = 'jinaai/jina-reranker-v1-tiny-en'
const JINA_TURBO = 'jinaai/jina-reranker-v1-turbo-en'
const JINA_V2 = 'jinaai/jina-reranker-v2-base-multilingual'

export const golden: readonly GoldenScores[] = [
  logits(L6, 91, france, [8.500708, -2.541011], FP32),
  logits(L6, 91, berlin, [8.607138, -4.3200774], FP32),
  logits(L6, 91, planet, [-6.53, 9.69, 6.91, 6.69], BF16_LOGIT),
  logits(L12, 134, france, [9.330912, -2.0380247], FP32),
  logits(L12, 134, planet, [-7.16, 9.5, 5.72, 6.84], BF16_LOGIT),
  logits('cross-encoder/ms-marco-MiniLM-L2-v2', 63, berlin, [8.510401, -4.860082], FP32),
  logits('cross-encoder/ms-marco-TinyBERT-L2-v2', 18, planet, [-10.875, 7, 5.875, 5.6875], BF16_LOGIT),
  logits(BGE, 1110, france, [6.15733337, -3.65939403], FP32),
  scores(BGE, 1110, [0.879, 0.996, 0.996, 0.05]),
  logits(BGE_LARGE, 2240, panda, [-5.60546875, 5.76171875], FP16),
  scores(BGE_LARGE, 2240, [0.699, 1, 0.973, 0.816]),
  logits(BGE_M3, 2270, panda, [-8.1875, 5.26171875], FP16),
  scores(BGE_M3, 2270, [0.01855, 1, 0.789, 0.988]),
  logits(JINA_TINY, 130, france, [2.5911, 0.1122], FP32),
  scores(JINA_TINY, 130, [0.535, 0.93, 0.879, 0.887]),
  logits(JINA_TURBO, 150, france, [1.8295, -2.8908], FP32),
  scores(JINA_TURBO, 150, [0.271, 0.824, 0.648, 0.684]),
  logits(JINA_V2, 1110, france, [1.6533, -1.6455], FP32),
  scores(JINA_V2, 1110, [0.236, 0.715, 0.504, 0.311]),
  scores('mixedbread-ai/mxbai-rerank-xsmall-v1', 285, [0.215, 0.9375, 0.57, 0.727]),
  scores('mixedbread-ai/mxbai-rerank-base-v1', 740, [0.052, 0.969, 0.715, 0.169]),
  scores('mixedbread-ai/mxbai-rerank-large-v1', 1740, [0.007, 0.992, 0.805, 0.342]),
  scores('Alibaba-NLP/gte-reranker-modernbert-base', 600, [0.809, 0.953, 0.875, 0.918]),
  {
    model: 'cross-encoder/ettin-reranker-17m-v1',
    megabytes: 70,
    kind: 'logits',
    query: 'What is Deep Learning?',
    texts: ['Deep Learning is not...'],
    expected: [5.5547919],
    tolerance: FP32,
    source: 'https://github.com/huggingface/text-embeddings-inference/pull/867',
  },
]

/** A public model of which nobody has published a number yet. `compute.py` says what Python makes of it, where the hub is. */
export interface AwaitedScores {
  readonly model: string
  /** Roughly what is downloaded, by the number of its weights. */
  readonly megabytes: number
  /** The repository that Python loads, where it is another than the one with the graph. */
  readonly weights?: string
  readonly dtype?: 'int8' | 'q4'
  /** Why it is here. */
  readonly because: string
}

export const awaited: readonly AwaitedScores[] = [
  {
    model: 'cross-encoder/ettin-reranker-32m-v1',
    megabytes: 130,
    because: 'an encoder, and modules behind it that are in the folder alone',
  },
  {
    model: 'ibm-granite/granite-embedding-reranker-english-r2',
    megabytes: 600,
    because: 'a ModernBERT of another maker; whether the repository has a graph is not known',
  },
  {
    model: 'onnx-community/Qwen3-Reranker-0.6B-ONNX',
    megabytes: 620,
    weights: 'Qwen/Qwen3-Reranker-0.6B',
    dtype: 'int8',
    because: 'a language model with GroupQueryAttention and a cache, asked by the prompt of its authors',
  },
  {
    model: 'onnx-community/Qwen3-Reranker-0.6B-ONNX',
    megabytes: 900,
    weights: 'Qwen/Qwen3-Reranker-0.6B',
    dtype: 'q4',
    because: 'the same in four bits',
  },
]
