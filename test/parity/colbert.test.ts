import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createColbertEncoder } from '../../packages/core/src/score/colbert/encoder.ts'
import type { EncodedText } from '../../packages/core/src/score/colbert/encoder.ts'
import { readColbertSettings } from '../../packages/core/src/score/colbert/encoder.ts'
import type { ColbertSettings } from '../../packages/core/src/score/colbert/encoder.ts'
import { type TokenVectors, maxSim } from '../../packages/core/src/score/colbert/documents.ts'
import { openVectorSession } from '../../packages/core/src/score/colbert/vector-session.ts'
import { createColbertTextEncoder } from '../../packages/core/src/score/colbert/encoder.ts'

interface Tokens {
  readonly text: string
  readonly ids: readonly number[]
  readonly seen: number
  readonly kept: readonly number[]
}
interface Golden {
  readonly queries: readonly Tokens[]
  readonly documents: readonly Tokens[]
  readonly scores: readonly (readonly number[])[]
  readonly padded: readonly (readonly number[])[]
}
interface Negative {
  readonly query: readonly (readonly number[])[]
  readonly documents: readonly (readonly (readonly number[])[])[]
  readonly scores: readonly number[]
  readonly padded: readonly number[]
}

const folder = join(import.meta.dirname, '../fixtures/tiny-colbert')
const golden = JSON.parse(gunzipSync(readFileSync(join(import.meta.dirname, 'colbert.json.gz'))).toString()) as Record<
  'expanded' | 'attended' | 'plain',
  Golden
> & { readonly negative: Negative }
const json = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))

const variants: readonly [name: 'expanded' | 'attended' | 'plain', change: Partial<ColbertSettings>][] = [
  ['expanded', {}],
  ['attended', { attendsToExpansion: true }],
  ['plain', { expandsQueries: false }],
]

const tokensOf = ({ ids, seen, kept }: EncodedText): Omit<Tokens, 'text'> => ({ ids: [...ids], seen, kept: [...kept] })

describe.each(variants)('late interaction as PyLate encodes it, %s', async (name, change) => {
  const { queries, documents, scores, padded } = golden[name]
  const [tokenizer, tokenizerConfig] = [json('tokenizer.json'), json('tokenizer_config.json')]
  const encoder = createColbertEncoder({
    tokenizer,
    tokenizerConfig,
    encoder: await createColbertTextEncoder(tokenizer, { markers: ['[Q] ', '[D] '], splitSpecialTokens: false }),
    settings: { ...readColbertSettings(folder), ...change },
  })

  it('has the same tokens, the same attention and the same vectors kept, for every query', async () => {
    expect(queries).toHaveLength(20)
    for (const { text, ...tokens } of queries) expect(tokensOf(await encoder.encodeQuery(text)), text).toEqual(tokens)
  })

  it('the same for every document', async () => {
    expect(documents).toHaveLength(24)
    for (const { text, ...tokens } of documents)
      expect(tokensOf(await encoder.encodeDocument(text)), text).toEqual(tokens)
  })

  it('gives the scores of the definition over the vectors of PyLate, within 1e-4', async () => {
    const session = await openVectorSession({ graphPath: join(folder, 'model.onnx'), threads: 1 })
    const vectorsOf = async (encoded: readonly EncodedText[]): Promise<TokenVectors[]> => {
      const vectors: TokenVectors[] = []
      for (const one of encoded) vectors.push(await session.run(one))
      return vectors
    }
    const asked = await vectorsOf(await Promise.all(queries.map(({ text }) => encoder.encodeQuery(text))))
    const read = await vectorsOf(await Promise.all(documents.map(({ text }) => encoder.encodeDocument(text))))
    await session.release()
    let furthest = 0
    for (const [at, query] of asked.entries()) {
      for (const [other, document] of read.entries()) {
        const score = maxSim(query, document)
        furthest = Math.max(furthest, Math.abs(score - (scores[at]?.[other] as number)))
        // PyLate pads documents with zeros to the longest; that shows only where all similarities are negative.
        expect(padded[at]?.[other]).toBeCloseTo(score, 3)
      }
    }
    expect(furthest).toBeLessThan(1e-4)
  })
})

describe('vectors that point away from each other', () => {
  const matrix = (rows: readonly (readonly number[])[]): TokenVectors => ({
    rows: rows.length,
    dimensions: 2,
    data: Float32Array.from(rows.flat()),
  })
  const { query, documents, scores, padded } = golden.negative

  it('keep their negative similarity, as the definition says', () => {
    const found = documents.map((document) => maxSim(matrix(query), matrix(document)))
    for (const [at, score] of found.entries()) expect(score).toBeCloseTo(scores[at] as number, 6)
    expect(scores[0]).toBeLessThan(0)
  })

  it('count 0 in PyLate once a longer neighbour has them padded: known to differ', () => {
    // https://github.com/lightonai/pylate/blob/main/pylate/scores/colbert.py: the mask multiplies by 0.
    expect(padded[0]).toBeCloseTo(scores[0] as number, 6)
    expect(padded[1]).toBeGreaterThan((scores[1] as number) + 0.5)
  })
})
