import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { normalize, splitPieces } from '../../../../../packages/core/src/score/cross-encoder/tokenizer/characters.ts'
import type { WordPieceEncoder } from '../../../../../packages/core/src/score/cross-encoder/tokenizer/wordpiece.ts'
import { createWordPiece } from '../../../../../packages/core/src/score/cross-encoder/tokenizer/wordpiece.ts'
import { WordCache } from '../../../../../packages/core/src/score/cross-encoder/tokenizer/wordpiece.ts'
import { longWordPieces } from '../../../../../packages/core/src/score/cross-encoder/tokenizer/characters.ts'

// Equality with the reference is held in test/parity; here is what goes beyond it.

const vocab = { '[UNK]': 0, '[SEP]': 1, a: 2, b: 3, '##a': 4, '##b': 5, aba: 6, '.': 7, 漢: 8 }
const file = {
  added_tokens: [{ id: 1, content: '[SEP]', single_word: false, lstrip: false, rstrip: false, normalized: false }],
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab,
  },
}
const encoder = createWordPiece(file) as WordPieceEncoder

test('spells words from the left with the longest entries', () => {
  expect(encoder.encode('Abab á. [SEP]c漢')).toEqual([6, 5, 2, 7, 1, 0, 8])
})

test('the longest word is counted in code points, not in UTF-16 units', () => {
  const model = { ...file.model, max_input_chars_per_word: 3, vocab: { '[UNK]': 0, '😀': 1, '##😀': 2 } }
  const smiling = createWordPiece({ ...file, added_tokens: [], model })
  expect(smiling?.encode('😀😀😀 😀😀😀😀')).toEqual([1, 2, 2, 0])
})

test('names that every object answers to are no entries of the vocabulary', () => {
  expect(encoder.encode('constructor __proto__ toString')).toEqual([0, 0, 0, 0, 0, 0, 0])
})

test('a vocabulary may hold such names', () => {
  const own = JSON.parse('{"[UNK]":0,"constructor":1,"__proto__":2}') as Record<string, number>
  const named = createWordPiece({ ...file, added_tokens: [], model: { ...file.model, vocab: own } })
  expect(named?.encode('constructor')).toEqual([1])
})

describe('a tokenizer.json that is not exactly this pipeline is refused', () => {
  const [added] = file.added_tokens
  test.each([
    ['nothing', undefined],
    ['no object', 'tokenizer'],
    ['another normaliser', { ...file, normalizer: { type: 'Lowercase' } }],
    ['several normalisers', { ...file, normalizer: { type: 'Sequence', normalizers: [file.normalizer] } }],
    ['no normaliser', { ...file, normalizer: null }],
    ['an option that is no boolean', { ...file, normalizer: { ...file.normalizer, lowercase: 'yes' } }],
    ['another pre-tokeniser', { ...file, pre_tokenizer: { type: 'Whitespace' } }],
    ['another model', { ...file, model: { ...file.model, type: 'Unigram' } }],
    ['no vocabulary', { ...file, model: { ...file.model, vocab: undefined } }],
    ['an unknown token without id', { ...file, model: { ...file.model, unk_token: '<unk>' } }],
    ['no prefix', { ...file, model: { ...file.model, continuing_subword_prefix: undefined } }],
    ['no word length', { ...file, model: { ...file.model, max_input_chars_per_word: null } }],
    ['an added token matched after normalisation', { ...file, added_tokens: [{ ...added, normalized: true }] }],
    ['an added token with white space', { ...file, added_tokens: [{ ...added, content: 'a b', id: 9 }] }],
    ['an added token with another id than in the vocabulary', { ...file, added_tokens: [{ ...added, id: 5 }] }],
  ])('%s', (_, tokenizerJson) => {
    expect(createWordPiece(tokenizerJson)).toBeUndefined()
  })

  test('while options left out have their default', () => {
    expect(createWordPiece({ ...file, added_tokens: undefined })?.encode('á')).toEqual([2])
    expect(createWordPiece({ ...file, normalizer: { ...file.normalizer, strip_accents: false } })?.encode('á')).toEqual(
      [0],
    )
  })
})

describe('a long word', () => {
  const options = { cleanText: true, handleChineseChars: true, stripAccents: true, lowercase: true }
  const unit = fc.constantFrom(
    'a',
    'É',
    'e\u0301',
    '\u0301',
    '한',
    'ก',
    '\u0000',
    '≠',
    '\u{20000}',
    '\u{1d165}',
    '\u302e',
    '\ud800',
    '😀',
  )
  const stretch = fc.tuple(fc.array(unit, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 300 }))
  const word = fc
    .array(stretch, { maxLength: 4 })
    .map((all) => all.map(([parts, times]) => parts.join('').repeat(times)).join(''))

  test('has the same pieces whether it is normalised whole or a stretch at a time', () => {
    const cut = (piece: string): string => piece.slice(0, 201)
    fc.assert(
      fc.property(word, (value) => {
        const whole = splitPieces(normalize(value, options)).map(cut)
        expect([...longWordPieces(value, options, 100)].map(cut)).toEqual(whole)
      }),
      { numRuns: 300 },
    )
  })

  test('is read only as far as tokens are wanted', () => {
    const pieces = longWordPieces('≠'.repeat(1_000_000), options, 100)
    expect([pieces.next().value, pieces.next().value]).toEqual(['=', '='])
    expect(encoder.encode('≠'.repeat(1_000_000), 3)).toEqual([0, 0, 0])
  })
})

describe('the word cache', () => {
  function counted() {
    const computed: string[] = []
    const cache = new WordCache((word) => {
      computed.push(word)
      return [word.length]
    })
    return { cache, computed }
  }

  test('computes a word once', () => {
    const { cache, computed } = counted()
    expect([cache.get('one'), cache.get('three'), cache.get('one')]).toEqual([[3], [5], [3]])
    expect(computed).toEqual(['one', 'three'])
  })

  test('is emptied when it is full, and goes on', () => {
    const { cache, computed } = counted()
    for (let i = 0; i < 60_000; i++) cache.get(`w${i}`)
    cache.get('w59999')
    expect(computed).toHaveLength(60_000)
    expect(cache.get('w0')).toEqual([2])
    expect(computed).toHaveLength(60_001)
  })
})

test('an added token whose id is not the one that Python gives it is left to the Rust tokenizer', () => {
  const added = (id: number, content: string) => ({ ...file.added_tokens[0], id, content })
  const size = Object.keys(vocab).length
  const withAdded = (...tokens: object[]) =>
    createWordPiece({ ...file, added_tokens: [...file.added_tokens, ...tokens] })
  expect(withAdded(added(size, '[new]'), added(size + 1, '[newer]'))?.encode('[newer] a')).toEqual([size + 1, 2])
  expect(withAdded(added(size + 5, '[new]'))).toBeUndefined()
  expect(withAdded(added(5, '[SEP]'))).toBeUndefined()
})
