import { RerankError } from '../../errors.js'
import { type Json, postProcessorsOf } from './post-processors.js'

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
      return fromTemplate(json)
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { before: [idOf(json['cls'])], after: [idOf(json['sep'])] }
    default:
      return undefined
  }
}

const idOf = (token: unknown): number => (token as [string, number])[1]

type Piece = { readonly Sequence?: unknown; readonly SpecialToken?: { readonly id: string } }

function fromTemplate(json: Json): SingleTemplate | undefined {
  const pieces = json['single'] as readonly Piece[] | undefined
  const text = pieces?.findIndex((piece) => piece.Sequence !== undefined) ?? -1
  if (pieces === undefined || text < 0) return undefined
  const specials = json['special_tokens'] as Readonly<Record<string, { readonly ids: readonly number[] }>>
  const ids = (part: readonly Piece[]): number[] =>
    part.flatMap(({ SpecialToken }) => specials[SpecialToken?.id ?? '']?.ids ?? [])
  return { before: ids(pieces.slice(0, text)), after: ids(pieces.slice(text + 1)) }
}
