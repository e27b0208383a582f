import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Call, TextNote } from '../../../../packages/core/src/types.ts'
import { createReranker } from '../../../../packages/core/src/rerank.ts'
import { colbert } from '../../../../packages/core/src/score/colbert/colbert.ts'
import type { DocumentVectors } from '../../../../packages/core/src/score/documents/vectors.ts'

const model = join(import.meta.dirname, '../../../fixtures/tiny-colbert')
const query = 'where is the key'
const texts = ['The key is in the lamp.', 'Bread from the oven.', '', 'The clock of the tower waits.']

function callOf(): Call & { stats: Record<string, number>; notes: Map<number, TextNote> } {
  const notes = new Map<number, TextNote>()
  const note = (at: number, of: TextNote): void => void notes.set(at, of)
  return { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note, notes }
}

describe('colbert', () => {
  it('orders candidates through the reranker, and counts what it did', async () => {
    await using scorer = colbert({ model })
    const { results, report } = await createReranker({ scorer }).rerank(query, texts)
    expect(results.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3])
    expect(report.stages[0]).toMatchObject({ outcome: 'ranked', stats: { texts: 4, runs: 5 } })
  })

  it('runs the query alone once the documents are stored', async () => {
    const store = new Map<string, DocumentVectors>()
    await using scorer = colbert({ model, store })
    const progress: [number, number][] = []
    await scorer.encodeDocuments(texts, { onProgress: (done, all) => progress.push([done, all]) })
    expect(progress.at(-1)).toEqual([4, 4])
    expect([...store.keys()]).toEqual(texts)
    const call = callOf()
    await scorer.score(query, texts, call)
    expect(call.stats).toMatchObject({ runs: 1, storedTexts: 4 })
  })

  it.each(['float32', 'float16', 'int8'] as const)(
    'scores the same with and without the store, %s',
    async (precision) => {
      const store = new Map<string, DocumentVectors>()
      await using filling = colbert({ model, store, precision })
      await using bare = colbert({ model, precision })
      await filling.encodeDocuments(texts.slice(0, 2))
      expect(filling.id).toBe(bare.id)
      expect(await filling.score(query, texts, callOf())).toEqual(await bare.score(query, texts, callOf()))
    },
  )

  it('writes to the store in encodeDocuments only, and encodes nothing twice', async () => {
    const store = new Map<string, DocumentVectors>()
    await using scorer = colbert({ model, store })
    await scorer.score(query, texts, callOf())
    expect(store.size).toBe(0)
    const [first] = await scorer.encodeDocuments([texts[0] as string])
    expect((await scorer.encodeDocuments([texts[0] as string]))[0]).toBe(first)
  })

  it('keeps what was encoded when it is aborted', async () => {
    const store = new Map<string, DocumentVectors>()
    await using scorer = colbert({ model, store })
    const stop = new AbortController()
    const onProgress = (done: number): void => void (done === 2 && stop.abort(new Error('enough')))
    await expect(scorer.encodeDocuments(texts, { signal: stop.signal, onProgress })).rejects.toThrow('enough')
    expect(store.size).toBe(2)
  })

  it('refuses a store of another precision', async () => {
    const store = new Map<string, DocumentVectors>()
    await using writer = colbert({ model, store, precision: 'int8' })
    await writer.encodeDocuments(texts)
    await using reader = colbert({ model, store })
    await expect(reader.score(query, texts, callOf())).rejects.toThrow(
      /precision is "float16": the store holds 'int8' vectors; .* pass precision: 'int8'/,
    )
  })

  it('says which texts were cut, stored or not', async () => {
    const store = new Map<string, DocumentVectors>()
    await using scorer = colbert({ model, store, maxLength: 8 })
    await scorer.encodeDocuments([texts[0] as string])
    const call = callOf()
    await scorer.score(query, [texts[0] as string, 'oven', texts[3] as string], call)
    expect([...call.notes]).toEqual([
      [0, { truncated: true }],
      [2, { truncated: true }],
    ])
    expect(call.stats['truncatedTexts']).toBe(2)
    expect(scorer.id).toContain(':max8')
  })

  it.each([
    [{}, /model is undefined: pass the folder or the hub name/],
    [{ model: 'bundled' }, /model is "bundled"/],
    [{ model: 'bundled-tiny' }, /model is "bundled-tiny": .* none is bundled/],
    [{ model, store: {} }, /store is an object with keys \[\]: pass a Map/],
    [{ model, precision: 'int4' }, /precision is "int4": pass 'float32', 'float16' or 'int8'/],
    [{ model, maxLength: 4 }, /maxLength is 4/],
    [{ model, threads: 0 }, /threads is 0/],
  ])('refuses %j', (options, message) => {
    expect(() => colbert(options as never)).toThrow(message)
  })
})

describe('a folder that is no ColBERT model', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'colbert-'))
    await cp(model, folder, { recursive: true })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const settings = 'config_sentence_transformers.json'
  const scoring = async (): Promise<unknown> => {
    await using scorer = colbert({ model: folder })
    return await scorer.score(query, texts, callOf())
  }

  it('is refused with the fix when its marker is no token', async () => {
    const json = JSON.parse(await readFile(join(model, settings), 'utf8')) as object
    await writeFile(join(folder, settings), JSON.stringify({ ...json, query_prefix: '[Question] ' }))
    await expect(scoring()).rejects.toThrow(
      /The marker "\[Question\] " is no token of tokenizer.json: save the tokenizer/,
    )
  })

  it('is refused when nothing says how texts are marked', async () => {
    await rm(join(folder, settings))
    await expect(scoring()).rejects.toThrow(/does not say how its queries and documents are marked/)
  })

  it('is read by the settings of the reference implementation, unless it compares distances', async () => {
    const artifact = {
      query_token_id: '[Q] ',
      doc_token_id: '[D] ',
      query_maxlen: 12,
      doc_maxlen: 40,
      similarity: 'cosine',
    }
    await writeFile(join(folder, 'artifact.metadata'), JSON.stringify(artifact))
    await using known = colbert({ model })
    expect(await scoring()).toEqual(await known.score(query, texts, callOf()))
    await writeFile(join(folder, 'artifact.metadata'), JSON.stringify({ ...artifact, similarity: 'l2' }))
    await expect(scoring()).rejects.toThrow(/similarity "l2"/)
  })

  it('is refused when its graph gives one vector per text', async () => {
    await cp(join(model, settings), join(folder, settings))
    await cp(join(import.meta.dirname, '../../../fixtures/tiny-bert-stock/model.onnx'), join(folder, 'model.onnx'))
    await expect(scoring()).rejects.toThrow(/has the outputs logits: export it with one float32 output/)
  })
})
