import { expect, test } from 'vitest'
import { effectiveTokenizer } from '../../packages/core/src/score/cross-encoder/folder/tokenizer-file.ts'
import { readGolden } from './golden.ts'

type Json = Readonly<Record<string, unknown>>

interface Made {
  readonly tokenizer: Json
  readonly truncationSide: string
  readonly hasSegments: boolean
}
interface Golden {
  /** tokenizer.json of each family. */
  readonly bases: Readonly<Record<string, Json>>
  readonly rows: readonly {
    readonly base: string
    /** What of tokenizer.json is otherwise here. */
    readonly changed: Json
    readonly files: Readonly<Record<string, unknown>>
    /** What Python makes of it; nothing for an error. */
    readonly made: Made | null
  }[]
}

const { bases, rows } = readGolden<Golden>('tokenizer-files.json.gz')

/** Without vocabulary, and without what changes no token. */
function bare({ tokenizer, truncationSide, hasSegments }: Made): unknown {
  const { model, decoder: _d, truncation: _t, padding: _p, version: _v, ...steps } = tokenizer
  const { vocab: _vocab, merges: _merges, ...options } = model as Json
  return { truncationSide, hasSegments, tokenizer: { ...steps, model: options } }
}

function madeHere({ base, changed, files }: Golden['rows'][number]): { made?: Made; refusal?: string } {
  try {
    const settings = {
      config: files['config.json'],
      tokenizerConfig: files['tokenizer_config.json'],
      specialTokens: files['special_tokens_map.json'],
      addedTokens: files['added_tokens.json'],
    }
    return { made: effectiveTokenizer({ ...bases[base], ...changed }, settings) }
  } catch (error) {
    expect(error).toMatchObject({ name: 'RerankError', code: 'model-files' })
    return { refusal: (error as Error).message }
  }
}

test('a folder’s tokenizer is the one that transformers makes of it, or is refused', () => {
  const wrong = rows.flatMap((row) => {
    const { made } = madeHere(row)
    if (made === undefined) return []
    const [found, wanted] = [bare(made), row.made === null ? null : bare(row.made)]
    return isEqual(found, wanted) ? [] : [{ files: row.files, base: row.base, found, wanted }]
  })
  expect(wrong).toEqual([])
})

test('no more is refused than what is known to differ', () => {
  const refused = rows.flatMap((row) => (row.made === null ? [] : [madeHere(row).refusal ?? []].flat()))
  const reasons = new Set(refused.map((message) => message.slice(0, message.indexOf(', which'))))
  expect([...reasons].sort()).toEqual([
    'tokenizer_config.json: cls_token is null',
    'tokenizer_config.json: mask_token is "<mask>"',
    'tokenizer_config.json: mask_token is "[MASK]"',
    'tokenizer_config.json: split_special_tokens is true',
  ])
  expect(refused.length).toBeLessThan(rows.length / 20)
})

function isEqual(one: unknown, other: unknown): boolean {
  try {
    expect(one).toEqual(other)
    return true
  } catch {
    return false
  }
}
