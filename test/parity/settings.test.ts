import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { crossEncoder } from '@secondpass/core'
import type { Call } from '@secondpass/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sized } from '../fixtures/size.ts'
import { readGolden } from './golden.ts'

interface Golden {
  readonly pairs: readonly (readonly [query: string, text: string])[]
  /** Files of each model by their paths, in base64. */
  readonly bases: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly rows: readonly {
    readonly label: string
    readonly base: string
    /** Files that are otherwise in this folder; `null` for one that is not there. */
    readonly files: Readonly<Record<string, string | null>>
    /** What Python makes of the pairs; nothing for an error. */
    readonly made: readonly { readonly ids: readonly number[]; readonly score: number }[] | null
  }[]
}

const { pairs, bases, rows: all } = readGolden<Golden>('settings.json.gz')
/** Every folder, or every seventh. */
const step = sized(7, 1)
const rows = all.filter((_, at) => at % step === 0)
const TOLERANCE = 1e-5
const call: Call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }

type Outcome = { readonly scores: readonly number[] } | { readonly refusal: string }

async function outcomeOf(folder: string): Promise<Outcome> {
  try {
    await using scorer = crossEncoder({ model: folder, splitSpecialTokens: false })
    const scores = []
    for (const [query, text] of pairs) {
      const [logit] = (await scorer.score(query, [text], call)) as [number]
      // Of several labels Python gives the softmax when asked for it, here it is what the log-odds mean.
      const isOfMany = folder.endsWith('-two')
      scores.push(isOfMany ? 1 / (1 + Math.exp(-logit)) : (scorer.toProbability?.(logit) ?? logit))
    }
    return { scores }
  } catch (error) {
    expect(error).toMatchObject({ name: 'RerankError' })
    return { refusal: (error as Error).message }
  }
}

/** What Python can score, and why it is refused here. */
const REFUSED: readonly string[] = [
  'plain: unheard of | tokenizer_config.json: tokenizer_class is "NobodysTokenizer", which is not known to secondpass: load it with transformers in Python, check it there, and save it as PreTrainedTokenizerFast.',
  'saved: unheard of | tokenizer_config.json: tokenizer_class is "NobodysTokenizer", which is not known to secondpass: load it with transformers in Python, check it there, and save it as PreTrainedTokenizerFast.',
  "plain: named chats | The chat template of tokenizer_config.json cannot be rendered (it prints a ArrayValue): pass template: 'qwen3-reranker' or another that is known by name, or serve the model with Python.",
  'plain: split special tokens | tokenizer_config.json: split_special_tokens is true, which is not known to secondpass: it can be left out only if no text holds such a token.',
  'saved: split special tokens | tokenizer_config.json: split_special_tokens is true, which is not known to secondpass: it can be left out only if no text holds such a token.',
  "two: config, Sigmoid | config.json: the model's activation is \"torch.nn.modules.activation.Sigmoid\" for each of 2 labels, which is not known to secondpass: pass activation: 'identity' to have the bare logits, or 'sigmoid'.",
  "plain: config, Tanh | config.json: the model's activation is \"torch.nn.modules.activation.Tanh\", which is not known to secondpass: pass activation: 'identity' to have the bare logits, or 'sigmoid'.",
  "two: config, Tanh | config.json: the model's activation is \"torch.nn.modules.activation.Tanh\", which is not known to secondpass: pass activation: 'identity' to have the bare logits, or 'sigmoid'.",
  "plain: config, nobody’s | config.json: the model's activation is \"nobody.Activation\", which is not known to secondpass: pass activation: 'identity' to have the bare logits, or 'sigmoid'.",
  "two: config, nobody’s | config.json: the model's activation is \"nobody.Activation\", which is not known to secondpass: pass activation: 'identity' to have the bare logits, or 'sigmoid'.",
  "plain: config, older nobody’s | config.json: the model's activation is \"nobody.Activation\", which is not known to secondpass: pass activation: 'identity' to have the bare logits, or 'sigmoid'.",
  "two: config, older nobody’s | config.json: the model's activation is \"nobody.Activation\", which is not known to secondpass: pass activation: 'identity' to have the bare logits, or 'sigmoid'.",
  'plain: config, bare model | config.json: architectures is "BertModel", which is not known to secondpass: Python would score with random weights; a cross-encoder (…ForSequenceClassification) is needed.',
  'saved: config, bare model | config.json: architectures is "BertModel", which is not known to secondpass: the weights lack what sequence-classification needs.',
  'two: config, no labels | model.onnx has the output logits [batch, 2], 2 labels (LABEL_0, LABEL_1): config.json does not say which one means "relevant"; name it so in id2label, for example {"0": "irrelevant", "1": "relevant"}.',
  'saved: processor lower case | sentence_bert_config.json: do_lower_case is true, which is not known to secondpass: only model_max_length can be obeyed here.',
  'saved: processor segments | sentence_bert_config.json: model_input_names is ["input_ids","attention_mask"], which is not known to secondpass: only model_max_length can be obeyed here.',
  'saved: config options | sentence_bert_config.json: config_kwargs.num_labels is 1, which is not known to secondpass: write it into config.json.',
  "saved: Tanh | config_sentence_transformers.json: the model's activation is \"torch.nn.modules.activation.Tanh\", which is not known to secondpass: pass activation: 'identity' to have the bare logits, or 'sigmoid'.",
  "saved: nobody’s | config_sentence_transformers.json: the model's activation is \"nobody.Activation\", which is not known to secondpass: pass activation: 'identity' to have the bare logits, or 'sigmoid'.",
  'ettin: other width | 2_Dense/config.json takes 16 features, and the module before it gives 8: restore the folders of the modules, they do not belong together.',
  'ettin: prompt left out | model-173-ettin leaves its prompt out when it pools, which is not known here: set include_prompt to true, or default_prompt_name to null.',
  'ettin: nobody’s activation | 2_Dense/config.json: activation_function is "nobody.Activation", which is not known to secondpass: only some functions of torch.nn can be computed here; export the whole model as one graph.',
  'ettin: Softplus | 2_Dense/config.json: activation_function is "torch.nn.modules.activation.Softplus", which is not known to secondpass: only some functions of torch.nn can be computed here; export the whole model as one graph.',
  'ettin: as an embedding | config.json: architectures is "ModernBertModel", which is not known to secondpass: Python would score with random weights; a cross-encoder (…ForSequenceClassification) is needed.',
  'ettin: without modules | config.json: architectures is "ModernBertModel", which is not known to secondpass: Python would score with random weights; a cross-encoder (…ForSequenceClassification) is needed.',
]

const outcomes = new Map<string, Outcome>()

beforeAll(async () => {
  const place = mkdtempSync(join(tmpdir(), 'secondpass-settings-'))
  for (const [at, { label, base, files }] of rows.entries()) {
    const folder = join(place, `model-${at}-${base}`)
    for (const [path, content] of Object.entries({ ...bases[base], ...files })) {
      if (content === null) continue
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      const own = content === '= plain' ? (bases['plain']?.[path] as string) : content
      writeFileSync(join(folder, path), Buffer.from(own, 'base64'))
    }
    outcomes.set(label, await outcomeOf(folder))
    rmSync(folder, { recursive: true })
  }
  afterAll(() => rmSync(place, { recursive: true }))
}, 120_000)

test('every folder gives Python’s scores, or is refused', () => {
  const wrong = rows.flatMap(({ label, made }) => {
    const outcome = outcomes.get(label) as Outcome
    if ('refusal' in outcome) return []
    const isRight = made?.every(({ score }, at) => Math.abs((outcome.scores[at] as number) - score) <= TOLERANCE)
    return isRight === true ? [] : [{ label, scores: outcome.scores, python: made?.map(({ score }) => score) ?? null }]
  })
  expect(wrong).toEqual([])
})

test('what Python can score and is refused here is refused by name', () => {
  const refused = rows.flatMap(({ label, made }) => {
    const outcome = outcomes.get(label) as Outcome
    return 'refusal' in outcome && made !== null
      ? [`${label} | ${outcome.refusal.replace(/\S*secondpass-settings-\S*?model-\d+-\w+\/?/, '')}`]
      : []
  })
  const tried = new Set(rows.map(({ label }) => label))
  expect(refused).toEqual(REFUSED.filter((line) => tried.has(line.slice(0, line.indexOf(' | ')))))
})
