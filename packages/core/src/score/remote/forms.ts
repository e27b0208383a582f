import { type Answer, type Bill, billOf, field } from './answers.js'
import { nim, tei } from './dialects.js'
import type { RerankRequest } from './hosted.js'

/** What a request is made with, besides the query and the texts. */
export interface FormSettings {
  readonly model: string | undefined
  readonly scoreType: 'probability' | 'logit'
  /** The field of the body that holds an instruction; nothing for a reranker that takes none. */
  readonly instructionField: string | undefined
  /** Further fields of the body. */
  readonly extraBody: Readonly<Record<string, unknown>>
}

/** A way of asking that several services share: what goes into the body, and where the answer has its scores. */
export interface Form {
  /** Whether its answers are logits, whatever the model. */
  readonly isLogit?: boolean
  readonly needsModel?: boolean
  body(request: RerankRequest, settings: FormSettings): object
  answer(body: unknown): Answer
}

/** The forms that `compatible` speaks. */
export type FormName = 'cohere' | 'voyage' | 'tei' | 'nim' | 'isaacus' | 'deepinfra'

/** https://docs.cohere.com/reference/rerank */
interface CohereFormRequest {
  readonly model?: string
  readonly query: string
  readonly documents: readonly string[]
  /** All of them: the answer must have a score for every text. */
  readonly top_n: number
}

/** https://docs.voyageai.com/reference/reranker-api */
interface VoyageFormRequest extends Omit<CohereFormRequest, 'top_n'> {
  readonly top_k: number
}

/** https://docs.isaacus.com/api-reference/rerankings */
interface IsaacusRequest {
  readonly model: string | undefined
  readonly query: string
  readonly texts: readonly string[]
}

/** https://deepinfra.com/docs: one query for each text. */
interface DeepinfraRequest {
  readonly queries: readonly string[]
  readonly documents: readonly string[]
}

const named = (model: string | undefined): { readonly model?: string } => (model === undefined ? {} : { model })

/** Where services say what they billed, in the order in which one that says several is believed. */
function bill(body: unknown): Bill {
  const cost = field(body, 'usage', 'cost') ?? field(body, 'inference_status', 'cost')
  const said = billOf([
    { unit: 'searchUnits', units: field(body, 'meta', 'billed_units', 'search_units') },
    { unit: 'searchUnits', units: field(body, 'usage', 'search_units') },
    { unit: 'billedTokens', units: field(body, 'meta', 'billed_units', 'input_tokens') },
    { unit: 'billedTokens', units: field(body, 'usage', 'total_tokens') },
    { unit: 'billedTokens', units: field(body, 'usage', 'input_tokens') },
    { unit: 'billedTokens', units: field(body, 'tokens', 'input_tokens') },
    { unit: 'billedTokens', units: field(body, 'input_tokens') },
    { unit: 'billedTokens', units: field(body, 'total_tokens') },
  ])
  return { ...said, cost }
}

/** Services that say one of both forms answer with either name for the rows. */
const answerOfRows = (body: unknown): Answer => ({
  rows: field(body, 'results') ?? field(body, 'data'),
  scoreKey: 'relevance_score',
  bill: bill(body),
})

const cohere: Form = {
  body: ({ query, texts }, { model }): CohereFormRequest => ({
    ...named(model),
    query,
    documents: texts,
    top_n: texts.length,
  }),
  answer: answerOfRows,
}

const voyage: Form = {
  body: ({ query, texts }, { model }): VoyageFormRequest => ({
    ...named(model),
    query,
    documents: texts,
    top_k: texts.length,
  }),
  answer: answerOfRows,
}

const isaacus: Form = {
  needsModel: true,
  body: ({ query, texts }, { model }): IsaacusRequest => ({
    model,
    query,
    // It refuses texts without a letter.
    texts: texts.map((text) => (text.trim() === '' ? '.' : text)),
  }),
  answer: (body) => ({ rows: field(body, 'results'), scoreKey: 'score', bill: bill(body) }),
}

const deepinfra: Form = {
  body: ({ query, texts }): DeepinfraRequest => ({ queries: texts.map(() => query), documents: texts }),
  answer: (body) => {
    const scores = field(body, 'scores')
    const rows = Array.isArray(scores) ? scores.map((score: unknown, index) => ({ index, score })) : scores
    return { rows, scoreKey: 'score', bill: bill(body) }
  },
}

const truncated = { truncate: true } as const

const forms: Readonly<Record<FormName, Form>> = {
  cohere,
  voyage,
  isaacus,
  deepinfra,
  // The servers of these two speak as those that one runs oneself.
  tei: {
    body: (request, settings) => tei.body(request, { ...settings, ...truncated }),
    answer: (body) => tei.answer(body),
  },
  nim: {
    isLogit: true,
    needsModel: true,
    body: (request, settings) => nim.body(request, { ...settings, ...truncated }),
    answer: (body) => nim.answer(body),
  },
}

/** The names of the forms. */
export const formNames: readonly FormName[] = Object.keys(forms) as readonly FormName[]

/** A form by its name, with an instruction and further fields where there are any. */
export function formOf(name: FormName): Form {
  const form = forms[name]
  return {
    ...form,
    body(request, settings) {
      const { instructionField: key, extraBody } = settings
      const { instruction } = request
      return {
        ...form.body(request, settings),
        ...(key !== undefined && instruction !== undefined && { [key]: instruction }),
        ...extraBody,
      }
    },
  }
}
