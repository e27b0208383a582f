import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keptLengths, textTokensThatMatter } from '../../../../packages/core/src/score/cross-encoder/pairs.ts'
import { createPairEncoder } from '../../../../packages/core/src/score/cross-encoder/pairs.ts'
import type { PairEncoderFiles } from '../../../../packages/core/src/score/cross-encoder/pairs.ts'
import type { TokenEncoder } from '../../../../packages/core/src/score/cross-encoder/tokenizer/pipeline.ts'

/** Each word is one token: its number. */
const encoder: TokenEncoder = {
  encode: (text, maxTokens) => text.split(' ').filter(Boolean).map(Number).slice(0, maxTokens),
}

const cls: [string, number] = ['[CLS]', 101]
const sep: [string, number] = ['[SEP]', 102]
const bert = { type: 'BertProcessing', cls, sep }
const roberta = {
  type: 'RobertaProcessing',
  cls: ['<s>', 0],
  sep: ['</s>', 2],
  trim_offsets: true,
  add_prefix_space: true,
}
const special = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } })
const sequence = (id: string, type_id: number) => ({ Sequence: { id, type_id } })
const template = {
  type: 'TemplateProcessing',
  single: [],
  pair: [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0), sequence('B', 1), special('[SEP]', 1)],
  special_tokens: {
    '[CLS]': { id: '[CLS]', ids: [101], tokens: [] },
    '[SEP]': { id: '[SEP]', ids: [102], tokens: [] },
  },
}

function pairEncoder(post_processor: unknown, files: Partial<PairEncoderFiles> = {}, maxLength?: number) {
  return createPairEncoder({ tokenizer: { post_processor }, encoder, ...files }, { maxLength })
}

async function joined(post_processor: unknown, maxLength?: number, files: Partial<PairEncoderFiles> = {}) {
  const pairs = pairEncoder(post_processor, files, maxLength)
  const { ids, ...rest } = await pairs.encodePair(await pairs.encodeQuery('1 2'), '3 4 5')
  return { ids: [...ids], ...rest }
}

describe('joining a query and a text', () => {
  const whole = { truncated: false, queryTruncated: false }
  const asBert = { ids: [101, 1, 2, 102, 3, 4, 5, 102], secondSegmentStart: 4, ...whole }

  test.each([
    ['a template', template, asBert],
    ['BertProcessing', bert, asBert],
    ['a sequence of processors', { type: 'Sequence', processors: [{ type: 'ByteLevel' }, template] }, asBert],
    ['RobertaProcessing', roberta, { ids: [0, 1, 2, 2, 2, 3, 4, 5, 2], secondSegmentStart: 9, ...whole }],
  ])('%s', async (_, processor, expected) => {
    expect(await joined(processor)).toEqual(expected)
  })

  test('cuts the texts before special tokens are added, and says what was cut', async () => {
    const cut = { truncated: true, queryTruncated: false }
    expect(await joined(template, 7)).toEqual({ ids: [101, 1, 2, 102, 3, 4, 102], secondSegmentStart: 4, ...cut })
    expect(await joined(roberta, 8)).toEqual({ ids: [0, 1, 2, 2, 2, 3, 4, 2], secondSegmentStart: 8, ...cut })
    expect(await joined(template, 6)).toEqual({
      ids: [101, 1, 102, 3, 4, 102],
      secondSegmentStart: 3,
      truncated: true,
      queryTruncated: true,
    })
  })

  test('cuts off the start where the tokenizer says so', async () => {
    const fromLeft = { truncationSide: 'left' } as const
    expect(await joined(template, 6, fromLeft)).toEqual({
      ids: [101, 2, 102, 4, 5, 102],
      secondSegmentStart: 3,
      truncated: true,
      queryTruncated: true,
    })
    expect(await joined(template, 64, fromLeft)).toEqual(asBert)
  })

  test('gives every token the segment 0 to a model that is given none', async () => {
    const { secondSegmentStart, ...rest } = asBert
    expect(await joined(template, 64, { hasSegments: false })).toEqual({ ...rest, secondSegmentStart: 8 })
    expect(secondSegmentStart).toBe(4)
  })

  test.each([
    undefined,
    null,
    { type: 'ByteLevel' },
    { type: 'Sequence', processors: [] },
    { ...template, pair: undefined },
  ])('refuses a tokenizer.json without a pair template: %j', (processor) => {
    expect(() => pairEncoder(processor)).toThrow(expect.objectContaining({ code: 'model-files' }))
    expect(() => pairEncoder(processor)).toThrow(/post_processor.*save the tokenizer again/)
  })

  test('refuses segments that the scorer could not feed', () => {
    const pair = [special('[CLS]', 1), sequence('A', 0), sequence('B', 2)]
    expect(() => pairEncoder({ ...template, pair })).toThrow(/segments 1, 0, 2/)
  })
})

describe('the length limit', () => {
  const bertConfig = { model_type: 'bert', max_position_embeddings: 512 }
  const robertaConfig = { model_type: 'xlm-roberta', max_position_embeddings: 514, pad_token_id: 1 }

  test.each([
    [{}, undefined, 512],
    [{ config: bertConfig }, undefined, 512],
    [{ config: bertConfig, tokenizerConfig: { model_max_length: 256 } }, undefined, 256],
    [{ config: bertConfig, tokenizerConfig: { model_max_length: 1e30 } }, undefined, 512],
    [{ config: { max_position_embeddings: 128 }, tokenizerConfig: { model_max_length: 512 } }, undefined, 128],
    [{ config: robertaConfig, tokenizerConfig: {} }, undefined, 512],
    [{ config: { model_type: 'roberta', max_position_embeddings: 130 } }, undefined, 128],
    [{ config: { max_position_embeddings: -1 } }, undefined, 512],
    [{ config: { n_positions: 2048 } }, undefined, 2048],
    [{ config: bertConfig, sentenceBert: { max_seq_length: 128 } }, undefined, 128],
    [
      { config: bertConfig, tokenizerConfig: { model_max_length: 64 }, sentenceBert: { max_seq_length: 256 } },
      undefined,
      256,
    ],
    [{ config: bertConfig, tokenizerConfig: { model_max_length: 64 }, sentenceBert: {} }, undefined, 64],
    [{ config: bertConfig }, 64, 64],
    [{ config: bertConfig }, 4096, 512],
    [{ config: bertConfig, limit: 96 }, undefined, 96],
  ])('%j with maxLength %s is %i', (files, maxLength, expected) => {
    expect(pairEncoder(template, files, maxLength).maxLength).toBe(expected)
  })

  test.each([0, -1, 4, 12.5, Number.NaN, Infinity])('refuses maxLength %s', (maxLength) => {
    expect(() => pairEncoder(template, {}, maxLength)).toThrow(/^maxLength is .*integer of at least 5/)
  })
})

describe('longest_first', () => {
  const length = fc.integer({ min: 0, max: 90 })

  test('keeps everything that fits, and otherwise fills the room', () => {
    fc.assert(
      fc.property(length, length, fc.integer({ min: 2, max: 80 }), (query, text, available) => {
        const kept = keptLengths(query, text, available)
        expect(kept.query + kept.text).toBe(Math.min(query + text, available))
        expect(kept.query).toBeLessThanOrEqual(query)
        expect(kept.text).toBeLessThanOrEqual(text)
      }),
      { numRuns: 5000 },
    )
  })

  test('takes from the longer side only, until both are equally long', () => {
    expect(keptLengths(3, 100, 10)).toEqual({ query: 3, text: 7 })
    expect(keptLengths(100, 3, 10)).toEqual({ query: 7, text: 3 })
    expect(keptLengths(100, 100, 10)).toEqual({ query: 5, text: 5 })
  })

  test('gives an odd token to the longer side, to the text when they are equal', () => {
    expect(keptLengths(100, 99, 11)).toEqual({ query: 6, text: 5 })
    expect(keptLengths(99, 100, 11)).toEqual({ query: 5, text: 6 })
    expect(keptLengths(100, 100, 11)).toEqual({ query: 5, text: 6 })
  })

  test('is the same when no more of the text is read than can matter', () => {
    fc.assert(
      fc.property(length, length, fc.integer({ min: 2, max: 80 }), (query, text, available) => {
        const read = Math.min(text, textTokensThatMatter(query, available))
        const [short, long] = [keptLengths(query, read, available), keptLengths(query, text, available)]
        expect(short).toEqual(long)
        expect(short.text < read).toBe(long.text < text)
      }),
      { numRuns: 5000 },
    )
  })
})
