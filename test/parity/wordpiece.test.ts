import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPairEncoder } from '../../packages/core/src/score/cross-encoder/pairs.ts'
import type { PairEncoder } from '../../packages/core/src/score/cross-encoder/pairs.ts'
import type { WordPieceEncoder } from '../../packages/core/src/score/cross-encoder/tokenizer/wordpiece.ts'
import { createWordPiece } from '../../packages/core/src/score/cross-encoder/tokenizer/wordpiece.ts'
import type { GoldenAddedTokens, GoldenPair, GoldenPairs, GoldenTruncation } from './golden.ts'
import { readGolden, tokenizerBytes, tokenizerConfigJson, tokenizerJson } from './golden.ts'

const golden = readGolden<GoldenPairs>('pairs.json.gz')
const encoder = createWordPiece(tokenizerJson) as WordPieceEncoder
const files = { tokenizer: tokenizerJson, tokenizerConfig: tokenizerConfigJson, config: {}, encoder }

/** Pair encoders by limit, so that the word cache is warm for most pairs, as in use. */
const encoders = new Map<number, PairEncoder>()
function pairEncoder(maxLength: number): PairEncoder {
  const known = encoders.get(maxLength) ?? createPairEncoder(files, { maxLength })
  encoders.set(maxLength, known)
  return known
}

async function encodePair(query: string, text: string, maxLength: number) {
  const pairs = pairEncoder(maxLength)
  return pairs.encodePair(await pairs.encodeQuery(query), text)
}

test('the golden ids were made with the tokenizer.json of the bundled model', () => {
  expect(golden.pairs).toHaveLength(500)
  expect(createHash('sha256').update(tokenizerBytes).digest('hex')).toBe(golden.tokenizerSha256)
})

test('ids, segments and truncation of every golden pair equal the reference', async () => {
  const wrong: GoldenPair[] = []
  for (const pair of golden.pairs) {
    const ours = await encodePair(pair.query, pair.text, pair.maxLength)
    const same =
      ours.ids.length === pair.ids.length &&
      pair.ids.every((id, at) => id === ours.ids[at]) &&
      ours.secondSegmentStart === pair.secondSegmentStart &&
      ours.truncated === pair.truncated &&
      ours.queryTruncated === pair.queryTruncated
    if (!same) wrong.push(pair)
  }
  expect(wrong.map(({ group, query, text }) => [group, query.slice(0, 40), text.slice(0, 40)])).toEqual([])
})

test('a second encoder with a cold cache gives the same ids', () => {
  const words = golden.pairs.map((pair) => pair.text)
  const cold = createWordPiece(tokenizerJson) as WordPieceEncoder
  expect(words.toReversed().map((text) => cold.encode(text, 64))).toEqual(
    words.toReversed().map((text) => encoder.encode(text, 64)),
  )
})

describe('random texts', () => {
  const pieces = fc.constantFrom(
    // Halves of astral characters too, alone or meeting by chance.
    ...' \t\n.,-[]#漢字éßΣ한😀\u0301\u200d\u0000\ud800\udc00'.split(''),
    '[SEP]',
    '[MASK]',
    'water',
    'x'.repeat(101),
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.string({ unit: 'grapheme', maxLength: 80 }),
    fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
  )

  test('the first n tokens are the same whether or not the rest is read', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 60 }), (value, count) => {
        expect(encoder.encode(value, count)).toEqual(encoder.encode(value).slice(0, count))
      }),
      { numRuns: 2000 },
    )
  })

  test('a lone surrogate counts as U+FFFD', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(encoder.encode(value)).toEqual(encoder.encode(Buffer.from(value).toString()))
      }),
      { numRuns: 2000 },
    )
    expect(encoder.encode('wa\ud800ter')).toEqual(encoder.encode('water'))
  })

  test('a pair never exceeds the limit and never loses a special token', async () => {
    const [cls, sep] = [101, 102]
    await fc.assert(
      fc.asyncProperty(text, text, fc.integer({ min: 5, max: 40 }), async (query, value, maxLength) => {
        const { ids, secondSegmentStart } = await encodePair(query, value, maxLength)
        expect(ids.length).toBeLessThanOrEqual(maxLength)
        expect([ids[0], ids[secondSegmentStart - 1], ids.at(-1)]).toEqual([cls, sep, sep])
      }),
      { numRuns: 2000 },
    )
  })
})

test('longest_first keeps of 10,000 pairs of lengths what the reference keeps', async () => {
  const { rows } = readGolden<GoldenTruncation>('truncation.json.gz')
  expect(rows).toHaveLength(10_000)
  for (const [query, text, limit, keptQuery, keptText] of rows) {
    const { ids, secondSegmentStart, truncated, queryTruncated } = await encodePair(
      'a '.repeat(query),
      'b '.repeat(text),
      limit,
    )
    const kept = [secondSegmentStart - 2, ids.length - secondSegmentStart - 1, queryTruncated, truncated]
    expect(kept, `query ${query}, text ${text}, limit ${limit}`).toEqual([
      keptQuery,
      keptText,
      keptQuery < query,
      keptText < text,
    ])
  }
})

test('added tokens are found where the reference finds them', () => {
  const { cases } = readGolden<GoldenAddedTokens>('added-tokens.json.gz')
  expect(cases).toHaveLength(60)
  for (const { tokenizer, texts } of cases) {
    const tokens = createWordPiece(tokenizer) as WordPieceEncoder
    for (const [text, ids] of texts) expect(tokens.encode(text), JSON.stringify(text)).toEqual(ids)
  }
})
