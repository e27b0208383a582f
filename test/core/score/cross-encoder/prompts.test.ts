import { describe, expect, it } from 'vitest'
import { prepareScoring } from '../../../../packages/core/src/score/cross-encoder/scoring.ts'
import type { ScoringFiles } from '../../../../packages/core/src/score/cross-encoder/scoring.ts'
import type { PairEncoder } from '../../../../packages/core/src/score/cross-encoder/pairs.ts'
import { readLayout } from '../../../../packages/core/src/score/cross-encoder/folder/layout.ts'
import { listedFiles } from '../../../../packages/core/src/score/cross-encoder/folder/small-files.ts'
import { readFamily } from '../../../parity/families.ts'

const { files } = readFamily('qwen3-reranker')
const config = files['config.json'] as Record<string, unknown>
const tokenizerConfig = files['tokenizer_config.json'] as Record<string, unknown>
const folder = (name: string, more: Partial<ScoringFiles> = {}): ScoringFiles => ({
  name,
  config,
  tokenizer: files['tokenizer.json'],
  tokenizerConfig: files['tokenizer_config.json'],
  ...more,
})

const words = Object.entries((files['tokenizer.json'] as { model: { vocab: Record<string, number> } }).model.vocab)
const idOf = new Map(words)

async function ids(pairs: PairEncoder, query: string, text: string): Promise<number[]> {
  return [...(await pairs.encodePair(await pairs.encodeQuery(query), text)).ids]
}

const long = 'water under the bridge '.repeat(200)

describe('the prompt of a language model', () => {
  it.each(['Qwen/Qwen3-Reranker-0.6B', 'mixedbread-ai/mxbai-rerank-large-v2', 'my-qwen3-reranker-int8'])(
    'is known by the name %s',
    async (name) => {
      const { pairs, head } = await prepareScoring(folder(name), {})
      const isQwen = /qwen3/i.test(name)
      expect(head).toEqual({
        kind: 'next-token',
        yes: idOf.get(isQwen ? 'yes' : '1'),
        no: idOf.get(isQwen ? 'no' : '0'),
      })
      expect(pairs.maxLength).toBe(config['max_position_embeddings'])
    },
  )

  it('is taken from where config.json says the model came from, and from the option before that', async () => {
    const origin = folder('renamed', { config: { ...config, _name_or_path: 'Qwen/Qwen3-Reranker-4B' } })
    const [named, chosen, other] = await Promise.all([
      prepareScoring(origin, {}),
      prepareScoring(folder('renamed'), { template: 'qwen3-reranker' }),
      prepareScoring(origin, { template: 'mxbai-rerank-v2' }),
    ])
    expect(await ids(named.pairs, 'a', 'b')).toEqual(await ids(chosen.pairs, 'a', 'b'))
    expect(await ids(other.pairs, 'a', 'b')).not.toEqual(await ids(named.pairs, 'a', 'b'))
  })

  it('is refused by name where it is not known', async () => {
    await expect(prepareScoring(folder('some/model'), {})).rejects.toThrow(
      /some\/model is a language model \(Qwen3ForCausalLM\).*template: 'qwen3-reranker' or 'mxbai-rerank-v2'/,
    )
    await expect(prepareScoring(folder('x', { config: {} }), { instruction: 'Find laws' })).rejects.toThrow(
      /^instruction is "Find laws": x takes none/,
    )
  })

  it('is answered with the words that the model compares, whatever the folder of a module says that counts for nothing', async () => {
    const plain = await prepareScoring(folder('qwen3-reranker'), {})
    const stray = listedFiles({ '1_LogitScore/config.json': { true_token_id: 7 } })
    const layout = readLayout(stray, { architectures: ['Qwen3ForCausalLM'] })
    expect((await prepareScoring(folder('qwen3-reranker', { layout }), {})).head).toEqual(plain.head)
  })

  it('is the folder’s own where it has one for pairs, whatever the folder is called', async () => {
    const own = "{{ messages[0].content }} or {{ messages[1].content if messages[1].role == 'document' }}"
    for (const more of [{ chatTemplate: own }, { tokenizerConfig: { ...tokenizerConfig, chat_template: own } }]) {
      const { pairs, head } = await prepareScoring(folder('qwen3-reranker', more), {})
      const other = await prepareScoring(folder('nobodys-model', more), {})
      expect(await ids(pairs, 'a', 'b')).toEqual(await ids(other.pairs, 'a', 'b'))
      expect((await ids(pairs, 'a', 'b')).length).toBeLessThan(6)
      expect(head).toEqual({ kind: 'next-token', yes: idOf.get('yes'), no: idOf.get('no') })
    }
  })

  it('is the one of its name where the folder’s own is for chats, and the one asked for before all', async () => {
    const plain = await prepareScoring(folder('qwen3-reranker'), {})
    const expected = await ids(plain.pairs, 'a', 'b')
    const chats = "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}"
    const named = await prepareScoring(folder('qwen3-reranker', { chatTemplate: chats }), {})
    expect(await ids(named.pairs, 'a', 'b')).toEqual(expected)
    const own = '{{ messages[0].content }}{{ messages[1].content }}'
    const asked = await prepareScoring(folder('x', { chatTemplate: own }), { template: 'qwen3-reranker' })
    expect(await ids(asked.pairs, 'a', 'b')).toEqual(expected)
  })

  it('is refused where the folder’s own is for pairs and cannot be rendered, or for chats in a folder of no known name', async () => {
    const odd = "{{ messages | tojson }}{{ 'query' }}"
    await expect(prepareScoring(folder('qwen3-reranker', { chatTemplate: odd }), {})).rejects.toThrow(
      /chat_template\.jinja .*the filter tojson/,
    )
    const chats = '{{ messages | length }}'
    await expect(prepareScoring(folder('x', { chatTemplate: chats }), {})).rejects.toThrow(
      /leaves out the query and the document/,
    )
  })

  it('holds the instruction, which changes nothing else', async () => {
    const plain = await prepareScoring(folder('qwen3-reranker'), {})
    const told = await prepareScoring(folder('qwen3-reranker'), { instruction: 'Find laws' })
    const [one, other] = [await ids(plain.pairs, 'a', 'b'), await ids(told.pairs, 'a', 'b')]
    expect(other).not.toEqual(one)
    expect(other.slice(-8)).toEqual(one.slice(-8))
    // Or that of one call, which is made once.
    const call = await plain.pairsWith('Find laws')
    expect(await ids(call, 'a', 'b')).toEqual(other)
    expect(await plain.pairsWith('Find laws')).toBe(call)
  })

  it('refuses an instruction that its chat template would leave out', async () => {
    const chatTemplate =
      "{% for m in messages %}{% if m.role != 'system' %}{{ m.role }}: {{ m.content }}\n{% endif %}{% endfor %}"
    const deaf = await prepareScoring(folder('x', { chatTemplate }), {})
    await expect(deaf.pairsWith('Find laws')).rejects.toThrow(
      /^instruction is "Find laws": The chat template of x takes none/,
    )
  })

  it.each(['qwen3-reranker', 'mxbai-rerank-v2'] as const)(
    '%s keeps both ends, whatever is too long',
    async (template) => {
      const { pairs } = await prepareScoring(folder('x'), { template, maxLength: 340 })
      const whole = await ids(pairs, 'a', 'b')
      for (const [query, text] of [
        ['a', long],
        [long, 'b'],
        [long, long],
        [long, ''],
      ] as const) {
        const cut = await ids(pairs, query, text)
        expect(cut.length).toBeLessThanOrEqual(340)
        if (text === long) expect(cut).toHaveLength(340)
        expect(cut.slice(0, 20)).toEqual(whole.slice(0, 20))
        expect(cut.slice(-10)).toEqual(whole.slice(-10))
      }
      const { truncated, queryTruncated } = await pairs.encodePair(await pairs.encodeQuery('a'), long)
      expect([truncated, queryTruncated]).toEqual([true, false])
      expect((await pairs.encodePair(await pairs.encodeQuery(long), long)).queryTruncated).toBe(true)
    },
  )

  it('says how much of a text it reads, which fits', async () => {
    const { pairs } = await prepareScoring(folder('x'), { template: 'mxbai-rerank-v2', maxLength: 340 })
    const query = await pairs.encodeQuery('what is water')
    const room = pairs.roomForText(query)
    const fitting = ' a'.repeat(room - 1)
    expect(await pairs.countTokens(fitting)).toBeLessThanOrEqual(room)
    expect((await pairs.encodePair(query, fitting)).truncated).toBe(false)
    expect((await pairs.encodePair(query, fitting + ' a'.repeat(3))).truncated).toBe(true)
  })

  it('refuses a limit that leaves no room for texts', async () => {
    await expect(prepareScoring(folder('qwen3-reranker'), { maxLength: 50 })).rejects.toThrow(
      /^maxLength is 50: pass an integer of at least \d{3} /,
    )
  })
})
