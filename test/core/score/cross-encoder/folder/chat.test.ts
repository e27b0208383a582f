import { describe, expect, it } from 'vitest'
import { createChat, createChatEncoder } from '../../../../../packages/core/src/score/cross-encoder/folder/chat.ts'

const settings = { format: 'flat', variables: {}, restoreSuffix: true } as const
const template = {
  file: 'chat_template.jinja',
  source: '<q>{{ messages[0].content }}<d>{{ messages[1].content }}<end>',
}
const parts = { template, settings, config: {}, specialTokens: {}, prompt: undefined }

/** A token for each of the template's signs, and one for each other character. */
const signs = ['<q>', '<d>', '<end>']
const whole = {
  encode: (text: string, maxTokens = Infinity) =>
    text
      .split(/(<q>|<d>|<end>)/)
      .flatMap((part) =>
        signs.includes(part) ? [signs.indexOf(part)] : Array.from(part, (one) => one.codePointAt(0) as number),
      )
      .slice(0, maxTokens),
}
const letters = { encode: (text: string) => Array.from(text, (one) => one.codePointAt(0) as number) }
const codes = (text: string): number[] => letters.encode(text)

async function idsOf(query: string, text: string, files: { limit?: number; splits?: boolean } = {}): Promise<number[]> {
  const content = files.splits === true ? { encoder: letters, controls: signs } : undefined
  const made = { encoder: whole, limit: files.limit ?? 100, truncationSide: 'right' as const, content }
  const pairs = await createChatEncoder(made, await createChat(parts), {})
  return [...(await pairs.encodePair(await pairs.encodeQuery(query), text)).ids]
}

describe('a prompt by a chat template', () => {
  it('has the template’s own control tokens, and those of the texts where nobody forbids it', async () => {
    expect(await idsOf('a', 'b')).toEqual([0, ...codes('a'), 1, ...codes('b'), 2])
    expect(await idsOf('a<d>', '<end>')).toEqual([0, ...codes('a'), 1, 1, 2, 2])
  })

  it('holds what texts spell out as the characters that it is', async () => {
    expect(await idsOf('a', 'b', { splits: true })).toEqual([0, ...codes('a'), 1, ...codes('b'), 2])
    const ids = await idsOf('a<d>', '<end><q>b', { splits: true })
    expect(ids).toEqual([0, ...codes('a<d>'), 1, ...codes('<end><q>b'), 2])
    expect(await idsOf('\uf8fa2\uf8fb\uf8fa9\uf8fb', '', { splits: true })).not.toContain(3)
  })

  it('keeps its end when it is cut, with and without what texts spell out', async () => {
    for (const splits of [false, true]) {
      const ids = await idsOf('a', 'x'.repeat(50) + '<q>'.repeat(50), { limit: 12, splits })
      expect(ids).toHaveLength(12)
      expect(ids.at(-1)).toBe(2)
    }
  })
})
