import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { RerankError, createReranker, crossEncoder } from '@secondpass/core'

/** Wrong or odd input through the whole of the library: one clear error, or a result, and the reranker works on. */

const reranker = createReranker()
afterAll(() => reranker.close())

async function worksOn(): Promise<void> {
  const { results } = await reranker.rerank('where are invoices', ['Invoices are under Billing.', 'Cats sleep.'])
  expect(results.map(({ index }) => index)).toEqual([0, 1])
}

describe('odd texts are scored', () => {
  it.each([
    ['empty', ''],
    ['white space', ' \n\t '],
    ['a lone high surrogate', 'key \uD83D key'],
    ['a lone low surrogate', '\uDC00'],
    ['NUL and other control characters', 'key\u0000\u0007\u0085key'],
    ['special tokens spelt out', '[CLS] [SEP] [PAD] [MASK]'],
    ['a word of 100,000 characters', 'x'.repeat(100_000)],
    ['a megabyte of words', 'lorem ipsum '.repeat(87_382)],
    ['a megabyte without spaces', '漢'.repeat(349_526)],
  ])('%s', async (_, text) => {
    const { results } = await reranker.rerank('where are invoices', [text, 'Invoices are under Billing.'])
    expect(results).toHaveLength(2)
    expect(results[0]?.index).toBe(1)
    for (const { score } of results) expect(score).toSatisfy((value: number) => value >= 0 && value <= 1)
    await worksOn()
  })

  it('a query of a megabyte too', async () => {
    const { results } = await reranker.rerank('invoices '.repeat(116_509), ['Invoices are under Billing.'])
    expect(results).toHaveLength(1)
    await worksOn()
  })
})

describe('wrong arguments reject by name', () => {
  it.each([
    ['query', ['', ['a']]],
    ['query', ['   ', ['a']]],
    ['query', [undefined, ['a']]],
    ['candidates', ['q', 'a']],
    ['candidates', ['q', undefined]],
    ['candidates[1]', ['q', ['a', 7]]],
    ['candidates[0]', ['q', [null]]],
    ['candidates[1].text', ['q', ['a', { text: 7 }]]],
    ['candidates[0].score', ['q', [{ text: 'a', score: NaN }]]],
  ])('%s', async (name, args) => {
    const call = reranker.rerank(...(args as unknown as Parameters<typeof reranker.rerank>))
    const error = await call.catch((caught: unknown) => caught)
    expect(RerankError.is(error) && error.code).toBe('invalid-argument')
    expect((error as Error).message).toContain(name)
    await worksOn()
  })
})

describe('a graph that opens and fails on what it is fed', () => {
  it.each([0, 1])('rejects with an error of ours, with %i workers', async (workers) => {
    const folder = mkdtempSync(join(tmpdir(), 'secondpass-model-'))
    cpSync(join(import.meta.dirname, '../../../fixtures/tiny-bert-stock'), folder, { recursive: true })
    const file = join(folder, 'tokenizer_config.json')
    // Gets an id of its own, for which the graph has no row.
    const settings = { ...(JSON.parse(readFileSync(file, 'utf8')) as object), extra_special_tokens: ['<nowhere>'] }
    writeFileSync(file, JSON.stringify(settings))
    const scorer = crossEncoder({ model: folder, workers, splitSpecialTokens: false })
    await using broken = createReranker({ scorer, onError: 'throw' })
    expect((await broken.rerank('q', ['a'])).results).toHaveLength(1)
    const error = await broken.rerank('q', ['<nowhere>']).catch((caught: unknown) => caught)
    expect(RerankError.is(error) && error.code, String(error)).toBe('scorer')
    const { message } = error as Error
    expect(message).toMatch(/failed on a pair of 5 tokens .*the tokenizer do not belong together/)
    // Nobody knows a file in the cache by its name.
    expect(message).toContain(`The lean graph of ${scorer.id.replace(':special-tokens', '')} (`)
    expect((await broken.rerank('q', ['a'])).results).toHaveLength(1)
    rmSync(folder, { recursive: true })
  })
})

describe('wrong model files reject, and may be mended', () => {
  it.each([
    ['model.onnx', 'not a graph'],
    ['model.onnx', ''],
    ['tokenizer.json', '{}'],
    ['tokenizer.json', 'not json'],
  ])('%s holding %j', async (file, content) => {
    const folder = mkdtempSync(join(tmpdir(), 'secondpass-model-'))
    const good = join(import.meta.dirname, '../../../fixtures/tiny-bert')
    cpSync(good, folder, { recursive: true })
    rmSync(join(folder, 'SHA256SUMS'))
    writeFileSync(join(folder, file), content)
    await using broken = createReranker({ scorer: crossEncoder({ model: folder }) })
    const error = await broken.rerank('q', ['a']).catch((caught: unknown) => caught)
    expect(RerankError.is(error) && error.code, String(error)).toBe('model-files')
    expect((error as Error).message).toContain(file.split('.')[0])
    cpSync(join(good, file), join(folder, file))
    expect((await broken.rerank('q', ['a'])).results).toHaveLength(1)
    rmSync(folder, { recursive: true })
  })
})
