import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RerankError } from '../../errors.js'
import { readJson } from './model-files.js'

/** How a late-interaction model wants its texts, as the files beside its weights say. */
export interface ColbertSettings {
  /** The marker behind the first token of a query, as a token of the vocabulary; empty for none. */
  readonly queryPrefix: string
  readonly documentPrefix: string
  /** Tokens of a query, special tokens and marker included. */
  readonly queryLength: number
  /** Most tokens of a document, special tokens and marker included. */
  readonly documentLength: number
  /** Whether queries are filled up to `queryLength` with mask tokens, whose vectors count (query augmentation). */
  readonly expandsQueries: boolean
  /** Whether the other tokens see the mask tokens. */
  readonly attendsToExpansion: boolean
  /** Tokens whose vectors are left out of documents. */
  readonly skippedWords: readonly string[]
  /** Stands before every query and document, as text; most often empty. */
  readonly queryPrompt: string
  readonly documentPrompt: string
}

type Json = Readonly<Record<string, unknown>>

/** Python's `string.punctuation`, which both libraries skip unless told otherwise. */
const PUNCTUATION: readonly string[] = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'.split('')

/**
 * Reads the settings of a model folder: `config_sentence_transformers.json` or `onnx_config.json` as PyLate writes them,
 * or `artifact.metadata` of the reference implementation. What a file leaves out has the default of its library.
 *
 * @throws RerankError `'model-files'` when the folder has none of these, or when the model compares by L2 distance.
 */
export function readColbertSettings(folder: string): ColbertSettings {
  const pylate = ['config_sentence_transformers.json', 'onnx_config.json'].map((name) =>
    readIfThere(join(folder, name)),
  )
  const found = pylate.find((json) => json?.['query_prefix'] !== undefined || json?.['model_type'] === 'ColBERT')
  if (found !== undefined) return fromPylate(found)
  const artifact = readIfThere(join(folder, 'artifact.metadata'))
  if (artifact !== undefined) return fromArtifact(artifact, folder)
  const fix = 'name the folder of a ColBERT model (with config_sentence_transformers.json or artifact.metadata)'
  throw new RerankError('model-files', `${folder} does not say how its queries and documents are marked: ${fix}.`)
}

function fromPylate(json: Json): ColbertSettings {
  const expandsQueries = (json['do_query_expansion'] as boolean | null | undefined) ?? true
  const prompts = (json['prompts'] ?? {}) as Readonly<Record<string, string>>
  const prompt = prompts[(json['default_prompt_name'] as string | null | undefined) ?? ''] ?? ''
  return {
    queryPrefix: (json['query_prefix'] as string | null | undefined) ?? '[Q] ',
    documentPrefix: (json['document_prefix'] as string | null | undefined) ?? '[D] ',
    queryLength: (json['query_length'] as number | null | undefined) ?? 32,
    documentLength: (json['document_length'] as number | null | undefined) ?? 180,
    expandsQueries,
    attendsToExpansion: expandsQueries && json['attend_to_expansion_tokens'] === true,
    skippedWords: (json['skiplist_words'] as string[] | null | undefined) ?? PUNCTUATION,
    queryPrompt: prompt,
    documentPrompt: prompt,
  }
}

function fromArtifact(json: Json, folder: string): ColbertSettings {
  if (json['similarity'] === 'l2') {
    const fix = 'only dot products of normalised vectors are computed here; train it with similarity "cosine"'
    throw new RerankError('model-files', `${folder}/artifact.metadata has similarity "l2": ${fix}.`)
  }
  return {
    queryPrefix: (json['query_token_id'] as string | undefined) ?? '[unused0]',
    documentPrefix: (json['doc_token_id'] as string | undefined) ?? '[unused1]',
    queryLength: (json['query_maxlen'] as number | undefined) ?? 32,
    documentLength: (json['doc_maxlen'] as number | undefined) ?? 220,
    expandsQueries: true,
    attendsToExpansion: json['attend_to_mask_tokens'] === true,
    skippedWords: json['mask_punctuation'] === false ? [] : PUNCTUATION,
    queryPrompt: '',
    documentPrompt: '',
  }
}

function readIfThere(file: string): Json | undefined {
  return existsSync(file) ? (readJson(file) as Json) : undefined
}
