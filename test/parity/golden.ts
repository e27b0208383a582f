import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** One pair of pairs.json.gz; see generate_pairs.py. */
export interface GoldenPair {
  readonly group: string
  readonly query: string
  readonly text: string
  readonly maxLength: number
  readonly ids: readonly number[]
  readonly secondSegmentStart: number
  readonly queryTruncated: boolean
  readonly truncated: boolean
  readonly logit: number
}

export interface GoldenPairs {
  readonly madeWith: string
  readonly tokenizerSha256: string
  readonly weights: { readonly sha256: string }
  readonly pairs: readonly GoldenPair[]
}

/** tiny-logits.json.gz: the logits of another model for the pairs of pairs.json.gz. */
export interface GoldenLogits {
  readonly madeWith: string
  readonly weights: { readonly sha256: string }
  readonly logits: readonly number[]
}

export interface GoldenCodePoints {
  readonly variants: Readonly<Record<string, Readonly<Record<string, boolean | null>>>>
  readonly digests: Readonly<Record<string, readonly string[]>>
  /** `[text, pieces]` by variant. */
  readonly mixtures: Readonly<Record<string, readonly (readonly [string, readonly string[]])[]>>
}

export interface GoldenTruncation {
  /** `[query, text, limit, keptQuery, keptText]` */
  readonly rows: readonly (readonly [number, number, number, number, number])[]
}

export interface GoldenAddedTokens {
  readonly cases: readonly {
    readonly tokenizer: unknown
    readonly texts: readonly (readonly [string, readonly number[]])[]
  }[]
}

/** Reads one of the compressed golden files of this folder. */
export function readGolden<T>(name: string): T {
  return JSON.parse(gunzipSync(readFileSync(new URL(name, import.meta.url))).toString()) as T
}

const model = new URL('../../packages/model-en-mini/', import.meta.url)

/** tokenizer.json of the bundled model, as bytes and parsed. */
export const tokenizerBytes: Buffer = readFileSync(new URL('tokenizer.json', model))
export const tokenizerJson: TokenizerJson = JSON.parse(tokenizerBytes.toString()) as TokenizerJson
export const tokenizerConfigJson: unknown = JSON.parse(readFileSync(new URL('tokenizer_config.json', model), 'utf8'))

export interface TokenizerJson {
  readonly added_tokens: readonly Readonly<Record<string, unknown>>[]
  readonly normalizer: Readonly<Record<string, unknown>>
  readonly pre_tokenizer: Readonly<Record<string, unknown>>
  readonly post_processor: Readonly<Record<string, unknown>>
  readonly model: Readonly<Record<string, unknown>> & { readonly vocab: Readonly<Record<string, number>> }
}
