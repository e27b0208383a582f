import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { normalize, splitPieces } from '../../packages/core/src/score/cross-encoder/tokenizer/characters.ts'
import type { BertNormalizerOptions } from '../../packages/core/src/score/cross-encoder/tokenizer/characters.ts'
import type { WordPieceEncoder } from '../../packages/core/src/score/cross-encoder/tokenizer/wordpiece.ts'
import { createWordPiece } from '../../packages/core/src/score/cross-encoder/tokenizer/wordpiece.ts'
import { longWordPieces } from '../../packages/core/src/score/cross-encoder/tokenizer/characters.ts'
import { sized } from '../fixtures/size.ts'
import type { GoldenCodePoints } from './golden.ts'
import { readGolden } from './golden.ts'

const golden = readGolden<GoldenCodePoints>('code-points.json.gz')
const BLOCK = 4096
/** The first two planes hold the scripts that people write in; the whole is 272. */
const BLOCKS = sized(32, 272)

function points(block: number): number[] {
  const all = Array.from({ length: BLOCK }, (_, i) => block * BLOCK + i)
  return all.filter((point) => point < 0xd800 || point >= 0xe000)
}

/** The same as `block_vocabulary` in generate.py. */
function blockVocabulary(block: number): Record<string, number> {
  const vocabulary: Record<string, number> = { '[UNK]': 0 }
  let size = 1
  for (const point of block === 0 ? points(0) : [...points(0), ...points(block)]) {
    const char = String.fromCodePoint(point)
    vocabulary[char] = size++
    vocabulary[`##${char}`] = size++
  }
  return vocabulary
}

function blockEncoder(block: number, variant: string): WordPieceEncoder {
  const encoder = createWordPiece({
    added_tokens: [],
    normalizer: { type: 'BertNormalizer', ...golden.variants[variant] },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: blockVocabulary(block),
    },
  })
  if (encoder === undefined) throw new Error('the vocabulary of a block was refused')
  return encoder
}

function optionsOf(variant: string): BertNormalizerOptions {
  const options = golden.variants[variant] as Record<string, boolean | null>
  const lowercase = options['lowercase'] as boolean
  return {
    cleanText: options['clean_text'] as boolean,
    handleChineseChars: options['handle_chinese_chars'] as boolean,
    stripAccents: options['strip_accents'] ?? lowercase,
    lowercase,
  }
}

function blockDigest(block: number, variant: string): string {
  const ours = optionsOf(variant)
  const encoder = blockEncoder(block, variant)
  let lines = ''
  for (const point of points(block)) {
    const char = String.fromCodePoint(point)
    for (const text of [char, `a${char}b`, `\u00c9${char}\u0301`]) {
      const pieces = splitPieces(normalize(text, ours)).join('|')
      lines += `${point.toString(16)} ${pieces} ${encoder.encode(text).join(' ')}\n`
    }
  }
  return createHash('sha256').update(lines).digest('hex').slice(0, 12)
}

describe('every code point that is tried, alone and between others, becomes what the reference makes of it', () => {
  test.each(Object.keys(golden.variants))('%s', (variant) => {
    const expected = golden.digests[variant] as readonly string[]
    const wrong = expected.flatMap((digest, block) => {
      if (digest === '' || block >= BLOCKS || blockDigest(block, variant) === digest) return []
      return [`${(block * BLOCK).toString(16)} and the ${BLOCK - 1} after it`]
    })
    expect(wrong).toEqual([])
  })
})

test.each(Object.keys(golden.variants))('mixtures of marks become what the reference makes of them: %s', (variant) => {
  const options = optionsOf(variant)
  const rows = golden.mixtures[variant] as GoldenCodePoints['mixtures'][string]
  expect(rows).toHaveLength(150)
  for (const [text, pieces] of rows) {
    const shown = JSON.stringify(text)
    expect(splitPieces(normalize(text, options)), shown).toEqual(pieces)
    expect([...longWordPieces(text, options, 100)], shown).toEqual(pieces)
  }
})
