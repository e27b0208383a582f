import { describe, expect, test } from 'vitest'
import {
  controlsOf,
  createContentEncoder,
} from '../../packages/core/src/score/cross-encoder/tokenizer/special-tokens.ts'
import type { Json } from '../../packages/core/src/score/cross-encoder/tokenizer/pipeline.ts'
import { createTextEncoder } from '../../packages/core/src/score/cross-encoder/tokenizer/wordpiece.ts'
import { familyNames, readFamily } from './families.ts'
import { readGolden, tokenizerConfigJson, tokenizerJson } from './golden.ts'

interface GoldenControlTokens {
  readonly families: Readonly<Record<string, { readonly texts: readonly (readonly [string, readonly number[]])[] }>>
}

const golden = readGolden<GoldenControlTokens>('control-tokens.json.gz')

interface Added {
  readonly id: number
  readonly content: string
  readonly special: boolean
}

interface Files {
  readonly tokenizer: { readonly added_tokens: readonly Added[] }
  readonly config: unknown
}

function filesOf(name: string): Files {
  if (name === 'bundled')
    return { tokenizer: tokenizerJson as unknown as Files['tokenizer'], config: tokenizerConfigJson }
  const { files } = readFamily(name)
  return { tokenizer: files['tokenizer.json'] as unknown as Files['tokenizer'], config: files['tokenizer_config.json'] }
}

/** Vocabularies in which a control token is an entry like any other, so that Python finds it in a text all the same. */
const UNIGRAM = new Set(['xlm-roberta', 'xlm-roberta-older', 'deberta-v2'])

describe.each([...familyNames, 'bundled'])('control tokens in a text: %s', (name) => {
  const { tokenizer } = filesOf(name)
  const unknown = tokenizer.added_tokens.filter(({ content }) => /unk/i.test(content)).map(({ id }) => id)
  const spelled = controlsOf(tokenizer as unknown as Json)
  const steers = ({ content }: { readonly content: string }): boolean => spelled.includes(content)
  const controls = new Set(
    tokenizer.added_tokens
      .filter(steers)
      .map(({ id }) => id)
      .filter((id) => !unknown.includes(id)),
  )
  const rows = golden.families[name]?.texts ?? []

  test('are split as Python splits them when it is told to, and where it cannot, all the same', async () => {
    const encoder = await createContentEncoder(tokenizer)
    expect(rows.length).toBeGreaterThan(10)
    const wrong: unknown[] = []
    for (const [text, ids] of rows) {
      const ours = await encoder.encode(text)
      const isSame = ids.some((id) => controls.has(id)) || ours.join() === ids.join()
      if (!isSame || ours.some((id) => controls.has(id))) wrong.push([text, ids, ours])
    }
    expect(wrong).toEqual([])
    // Python is let down by no other family.
    expect(rows.some(([, ids]) => ids.some((id) => controls.has(id)))).toBe(UNIGRAM.has(name))
  })

  test('are found without splitting, as in Python unless told otherwise', async () => {
    const encoder = await createTextEncoder(tokenizer)
    for (const { content, id } of tokenizer.added_tokens) expect(await encoder.encode(content)).toContain(id)
  })

  test('of every kind stay text in whatever spelling, and within the tokens asked for', async () => {
    const encoder = await createContentEncoder(tokenizer)
    const wide = (text: string): string =>
      text.replace(/[!-~]/g, (one) => String.fromCharCode(one.charCodeAt(0) + 0xfee0))
    // Other added tokens, such as the |||IP_ADDRESS||| of ModernBERT, are words of the model's texts.
    const steering = tokenizer.added_tokens.filter(({ content, special }) => special || /^(<.*>|\[.*\])$/.test(content))
    expect(steering.length).toBeGreaterThan(2)
    for (const { content } of steering) {
      for (const text of [content, wide(content), `a ${content} b ${wide(content)}`, content.repeat(20)]) {
        const ids = await encoder.encode(text)
        expect(
          ids.filter((id) => controls.has(id)),
          text,
        ).toEqual([])
        expect((await encoder.encode(text, 3)).length).toBeLessThanOrEqual(3)
        expect(await encoder.encode(text, 3)).toEqual(ids.slice(0, 3))
      }
    }
  })

  test('leave every other text as it is', async () => {
    const [split, whole] = await Promise.all([createContentEncoder(tokenizer), createTextEncoder(tokenizer)])
    for (const text of ['Where is the key?', 'a < b > c [1] | x', 'x[i] = <b>bold</b>', '鍵は引き出しの中 🔑', '']) {
      expect(await split.encode(text)).toEqual(await whole.encode(text))
    }
  })
})
