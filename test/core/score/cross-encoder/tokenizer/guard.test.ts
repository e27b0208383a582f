import { describe, expect, it } from 'vitest'
import {
  refuseEndlessWork,
  repeatsRepetition,
} from '../../../../../packages/core/src/score/cross-encoder/tokenizer/guard.ts'
import { createTextEncoder } from '../../../../../packages/core/src/score/cross-encoder/tokenizer/wordpiece.ts'

describe('repeatsRepetition', () => {
  it.each([
    String.raw`(a+)+$`,
    String.raw`(?:\w*\d*)*!`,
    String.raw`((ab)+c?)+`,
    String.raw`(?:\s*\w{2,})+`,
    String.raw`(?:(?:a|b+)){2,9}`,
    String.raw`(?<name>[\]a]+)*`,
    String.raw`x(?:[[a-z]&&[^b]]+)*?`,
  ])('finds it in %s', (pattern) => expect(repeatsRepetition(pattern)).toBe(true))

  it.each([
    // GPT-2, Llama 3, Qwen, o200k, DeepSeek, OLMo 2, BLOOM.
    String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}`,
    String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*`,
    String.raw`\p{N}{1,3}(?=(?:\p{N}{3})*(?:\P{N}|$))`,
    String.raw` ?[^(\s|[.,!?…。，、।۔،])]+`,
    String.raw`\A(?! )`,
    String.raw`(\(+\)*)|[(+)*]+|(?:ab){3}|(?:a+)?`,
    '',
  ])('lets %s pass', (pattern) => expect(repeatsRepetition(pattern)).toBe(false))
})

describe('refuseEndlessWork', () => {
  const split = (regex: string): object => ({ type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated' })

  it('names the part, the pattern and the fix', async () => {
    const json = { pre_tokenizer: { type: 'Sequence', pretokenizers: [split('(a+)+b')] }, model: {} }
    const message = 'pre_tokenizer of tokenizer.json has the pattern "(a+)+b", which repeats what is repeated in it'
    expect(() => refuseEndlessWork(json)).toThrow(message)
    await expect(createTextEncoder(json)).rejects.toMatchObject({ code: 'model-files' })
  })

  it('refuses steps without end, without overflowing the stack', () => {
    let normalizer: object = { type: 'NFC' }
    for (let depth = 0; depth < 100_000; depth++) normalizer = { type: 'Sequence', normalizers: [normalizer] }
    expect(() => refuseEndlessWork({ normalizer })).toThrow('more than 32 steps within each other')
  })

  it.each([undefined, null, 'text', 1, [], {}])('has nothing to say of %j', (json) => {
    expect(() => refuseEndlessWork(json)).not.toThrow()
  })
})
