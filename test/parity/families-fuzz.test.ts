import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLibraryEncoder } from '../../packages/core/src/score/cross-encoder/tokenizer/library.ts'
import type { Json } from '../../packages/core/src/score/cross-encoder/tokenizer/pipeline.ts'
import { openRustTokenizer } from '../../packages/core/src/score/cross-encoder/tokenizer/rust.ts'
import { createTextEncoder } from '../../packages/core/src/score/cross-encoder/tokenizer/wordpiece.ts'
import { sized } from '../fixtures/size.ts'
import { type Family, familyNames, readFamily, scoringOf } from './families.ts'

const RUNS = sized(300, 10_000)

const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map((all) => String.fromCharCode(...all))
const plain = fc.constantFrom(' ', '\n', 'a', 'water', 'Ä', '水', 'ก', '</s>', '[SEP]', '<|im_end|>', '\u0301', '😀')
/** Code points of every plane, lone surrogates, and pieces that tokenizers treat in a way of their own. */
const text = fc
  .array(fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), units, plain), { maxLength: 6 })
  .map((parts) => parts.join(''))

/** Room for a few tokens of text, so that most pairs are cut. */
const roomFor: Readonly<Record<string, number>> = { 'qwen3-reranker': 330, 'qwen3-reranker-classifier': 330 }

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

describe.each(familyNames.filter((name) => name !== 'qwen3-reranker-classifier'))('%s', (name) => {
  const family = readFamily(name)

  test(`pairs of ${RUNS} random texts keep to the limit and to their special tokens`, async () => {
    const { pairs } = await scoringOf(name, family)(roomFor[name] ?? (name === 'mxbai-rerank-v2' ? 300 : 16))
    const [first, last] = endsOf((await pairs.encodePair(await pairs.encodeQuery('a'), 'b')).ids)
    const size = vocabularySize(family)
    await fc.assert(
      fc.asyncProperty(text, text, async (query, value) => {
        const { ids } = await pairs.encodePair(await pairs.encodeQuery(query), value)
        check(ids.length <= pairs.maxLength, `${ids.length} tokens`)
        check(ids[0] === first && ids.at(-1) === last, `begins with ${ids[0]}, ends with ${ids.at(-1)}`)
        check(
          ids.every((id) => id >= 0 && id < size),
          `no such token among ${ids.join()}`,
        )
      }),
      { numRuns: RUNS },
    )
  })
})

describe.each(['roberta', 'modernbert', 'mxbai-rerank-v2'])('%s, whose tokens are bytes,', (name) => {
  test(`spells ${RUNS} random texts back from their ids`, async () => {
    const { files } = readFamily(name)
    const tokenizer = files['tokenizer.json'] as unknown as TokenizerJson
    const encoder = await createTextEncoder(tokenizer)
    const spell = speller(tokenizer)
    const composes = tokenizer.normalizer?.type === 'NFC'
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        // A lone surrogate has no bytes of its own.
        const whole = Buffer.from(value).toString()
        const spelled = spell(await encoder.encode(value))
        if (!composes) return check(spelled === whole, 'spelled otherwise')
        // Rust neither orders nor composes what is younger than its Unicode: there, the engine goes over both.
        check(spelled.normalize('NFC') === whole.normalize('NFC'), 'spelled otherwise')
        if (!/[\u07fd-\uffff]/.test(whole)) check(spelled === whole.normalize('NFC'), 'not composed')
      }),
      { numRuns: RUNS },
    )
  })
})

test('every tokenizer reads only as much of a long text as it needs, with the same ids', async () => {
  const texts = ['water under the bridge, 水 ', 'why?\n\n- Yes! ', '  a \u0301b\r\n', 'ก ๑๒ ½ '].map((part) =>
    part.repeat(400),
  )
  for (const name of familyNames) {
    const { files } = readFamily(name)
    const encoder = await createTextEncoder(files['tokenizer.json'])
    for (const value of texts) {
      const whole = await encoder.encode(value)
      for (const count of [1, 5, 17, 40]) expect(await encoder.encode(value, count)).toEqual(whole.slice(0, count))
    }
  }
})

test('marks of every age are put in order and composed as Rust does it, without Rust too', async () => {
  const tokenizer = readFamily('modernbert').files['tokenizer.json'] as Json
  const [library, rust] = [await createLibraryEncoder(tokenizer), await openRustTokenizer(tokenizer)]
  if (typeof rust !== 'function') throw new Error('the package tokenizers is not here', { cause: rust })
  const points = Array.from({ length: 0x110000 }, (_, point) => point).filter(
    (point) => point < 0xd800 || point > 0xdfff,
  )
  const marks = points.map((point) => String.fromCodePoint(point)).filter((char) => /\p{M}/u.test(char))
  expect(marks.length).toBeGreaterThan(2000)
  for (const mark of marks) {
    const value = ['', 'a\u0345', '\u{11935}', '\u{105d2}\u0307\u0301']
      .map((before) => `${before}${mark}\u0301 `)
      .join('')
    expect(library(value), mark.codePointAt(0)?.toString(16)).toEqual(await rust(value))
  }
})

interface TokenizerJson {
  readonly normalizer: { readonly type: string } | null
  readonly added_tokens: readonly { readonly id: number; readonly content: string }[]
  readonly model: { readonly vocab: Readonly<Record<string, number>> | readonly unknown[] }
}

function vocabularySize({ files }: Family): number {
  const { model, added_tokens: added } = files['tokenizer.json'] as unknown as TokenizerJson
  return Math.max(Object.keys(model.vocab).length, ...added.map(({ id }) => id + 1))
}

function endsOf(ids: Int32Array): [number, number] {
  return [ids[0] as number, ids.at(-1) as number]
}

/** From ids to text, by the table of GPT-2: a printable byte stands for itself, each other one for a letter from U+0100. */
function speller({ model, added_tokens: added }: TokenizerJson): (ids: readonly number[]) => string {
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
  const byteOf = new Map<string, number>()
  let others = 0
  for (let byte = 0; byte < 256; byte++) {
    byteOf.set(String.fromCharCode(isPrintable(byte) ? byte : 0x100 + others++), byte)
  }
  const bytes = new Map<number, Buffer>()
  for (const [token, id] of Object.entries(model.vocab as Readonly<Record<string, number>>)) {
    bytes.set(id, Buffer.from(Array.from(token, (letter) => byteOf.get(letter) ?? 0)))
  }
  for (const { id, content } of added) bytes.set(id, Buffer.from(content))
  return (ids) => Buffer.concat(ids.map((id) => bytes.get(id) ?? Buffer.alloc(0))).toString()
}
