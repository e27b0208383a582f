import { RerankError } from '../../../base/errors.js'

/** A part of a tokenizer.json, parsed. */
export type Json = Readonly<Record<string, unknown>>

/** The post-processors of a parsed tokenizer.json, in order, with those of a `Sequence` in its place. */
export function postProcessorsOf(tokenizerJson: unknown): Json[] {
  return flatten((tokenizerJson as Json | null)?.['post_processor'])
}

function flatten(processor: unknown): Json[] {
  const json = (processor ?? {}) as Json
  return json['type'] === 'Sequence' ? ((json['processors'] ?? []) as unknown[]).flatMap(flatten) : [json]
}

/** One stretch of a joined pair: fixed special tokens, or the place of a text. */
export type TemplatePart =
  | { readonly kind: 'special'; readonly ids: readonly number[]; readonly typeId: number }
  | { readonly kind: 'query' | 'text'; readonly typeId: number }

/** How a query and a text are joined, as the post-processor of a tokenizer.json says it. */
export interface PairTemplate {
  readonly parts: readonly TemplatePart[]
  /** How many special tokens are added. */
  readonly specialTokens: number
}

/**
 * Reads the pair template of a parsed tokenizer.json: `TemplateProcessing`, `BertProcessing`, `RobertaProcessing`, alone
 * or in a `Sequence`.
 *
 * @throws RerankError `model-files` when there is none.
 */
export function readPairTemplate(tokenizerJson: unknown): PairTemplate {
  const parts = postProcessorsOf(tokenizerJson)
    .map(partsOf)
    .find((found) => found !== undefined)
  const count = (kind: TemplatePart['kind']): number => parts?.filter((part) => part.kind === kind).length ?? 0
  if (parts === undefined || count('query') !== 1 || count('text') !== 1) {
    throw new RerankError(
      'model-files',
      'tokenizer.json has no "post_processor" that says how a pair is joined: save the tokenizer again with one ' +
        '(TemplateProcessing with a "pair" template, BertProcessing or RobertaProcessing)',
    )
  }
  // The pair goes on as ids and the place where segment 1 starts, so segments have to be 0 … 0 1 … 1.
  const types = parts.map((part) => part.typeId)
  if (types.some((type, at) => (type !== 0 && type !== 1) || type < (types[at - 1] ?? 0))) {
    throw new RerankError(
      'model-files',
      `The pair template of tokenizer.json has the segments ${types.join(', ')}: use 0, then 1.`,
    )
  }
  let specialTokens = 0
  for (const part of parts) if (part.kind === 'special') specialTokens += part.ids.length
  return { parts, specialTokens }
}

function partsOf(json: Json): TemplatePart[] | undefined {
  switch (json['type']) {
    case 'TemplateProcessing':
      return fromTemplate(json)
    case 'BertProcessing':
      return fromClsAndSep(json, false)
    case 'RobertaProcessing':
      return fromClsAndSep(json, true)
    default:
      return undefined
  }
}

function fromTemplate(json: Json): TemplatePart[] | undefined {
  const specials = json['special_tokens'] as Record<string, { ids: number[] }>
  return (json['pair'] as Record<string, { id: string; type_id: number }>[] | undefined)?.map((piece) => {
    if (piece['Sequence']) {
      return { kind: piece['Sequence'].id === 'A' ? 'query' : 'text', typeId: piece['Sequence'].type_id }
    }
    const { id, type_id: typeId } = piece['SpecialToken'] as { id: string; type_id: number }
    return { kind: 'special', ids: (specials[id] as { ids: number[] }).ids, typeId }
  })
}

/** `[CLS] query [SEP] text [SEP]` with types 0 and 1; in the RoBERTa way two separators in the middle and type 0. */
function fromClsAndSep(json: Json, roberta: boolean): TemplatePart[] {
  const cls = (json['cls'] as [string, number])[1]
  const sep = (json['sep'] as [string, number])[1]
  const second = roberta ? 0 : 1
  return [
    { kind: 'special', ids: [cls], typeId: 0 },
    { kind: 'query', typeId: 0 },
    { kind: 'special', ids: roberta ? [sep, sep] : [sep], typeId: 0 },
    { kind: 'text', typeId: second },
    { kind: 'special', ids: [sep], typeId: second },
  ]
}

/** What stands around a single text: the special tokens before it and after it. */
export interface SingleTemplate {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

/**
 * Reads how the post-processor of a parsed tokenizer.json frames one text: `TemplateProcessing`, `BertProcessing` or
 * `RobertaProcessing`, alone or in a `Sequence`.
 *
 * @throws RerankError `'model-files'` when there is none.
 */
export function readSingleTemplate(tokenizerJson: unknown): SingleTemplate {
  const template = postProcessorsOf(tokenizerJson)
    .map(templateOf)
    .find((found) => found !== undefined)
  if (template !== undefined) return template
  throw new RerankError(
    'model-files',
    'tokenizer.json has no "post_processor" that says how a text is framed: save the tokenizer again with one ' +
      '(TemplateProcessing with a "single" template, BertProcessing or RobertaProcessing)',
  )
}

function templateOf(json: Json): SingleTemplate | undefined {
  switch (json['type']) {
    case 'TemplateProcessing':
      return fromSingleTemplate(json)
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { before: [idOf(json['cls'])], after: [idOf(json['sep'])] }
    default:
      return undefined
  }
}

const idOf = (token: unknown): number => (token as [string, number])[1]

type Piece = { readonly Sequence?: unknown; readonly SpecialToken?: { readonly id: string } }

function fromSingleTemplate(json: Json): SingleTemplate | undefined {
  const pieces = json['single'] as readonly Piece[] | undefined
  const text = pieces?.findIndex((piece) => piece.Sequence !== undefined) ?? -1
  if (pieces === undefined || text < 0) return undefined
  const specials = json['special_tokens'] as Readonly<Record<string, { readonly ids: readonly number[] }>>
  const ids = (part: readonly Piece[]): number[] =>
    part.flatMap(({ SpecialToken }) => specials[SpecialToken?.id ?? '']?.ids ?? [])
  return { before: ids(pieces.slice(0, text)), after: ids(pieces.slice(text + 1)) }
}
