import { createHash } from 'node:crypto'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { type Call, colbert, createReranker, crossEncoder, type DocumentVectors } from '@secondpass/core'
import { sized } from '../../../fixtures/size.js'

/** Passages that were read ahead of time, with the bundled model. All texts are invented. */

const tinyColbert = join(import.meta.dirname, '../../../fixtures/tiny-colbert')
const bundled = dirname(fileURLToPath(import.meta.resolve('@secondpass/model-en-mini/package.json')))
const tinyBert = join(import.meta.dirname, '../../../fixtures/tiny-bert')
const folder = mkdtempSync(join(tmpdir(), 'documents-'))
const at = (name: string): string => join(folder, name)

const call = (): Call => ({
  signal: new AbortController().signal,
  deadline: Infinity,
  now: () => performance.now(),
  stats: {},
  note: () => {},
})

const query = 'when does the ferry cross the bay'
const passages = [
  'The ferry crosses the bay twice a day, weather permitting.',
  'Keys are rotated from the settings page: create the new key, deploy it, then delete the old one.',
  'Invoices are sent on the first day of the month.',
  '',
  'Ein Satz, der nicht englisch ist. 設定',
]
const long = 'harbour '.repeat(600)

const plain = crossEncoder({ passageCacheMiB: 0 })
afterAll(async () => {
  await plain.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('a file of passages', () => {
  it('has every passage found in it scored to the same bit, in this thread and in workers', async () => {
    const path = at('all')
    const done: number[] = []
    const summary = await plain.encodeDocumentsToFile([...passages, long, passages[0] as string], path, {
      onProgress: (count) => done.push(count),
    })
    expect(summary).toMatchObject({ documents: 6, encoded: 6, tooLong: 1, bytes: readFileSync(path).length })
    expect(done).toEqual([1, 2, 3, 4, 5, 6, 7])
    const pool = [...passages, long, 'Not in the file: the ferry crosses at noon.']
    const wanted = await plain.score(query, pool, call())
    for (const workers of [0, 2]) {
      await using scorer = crossEncoder({ store: path, workers, passageCacheMiB: 0 })
      const asked = call()
      expect(await scorer.score(query, pool, asked)).toEqual(wanted)
      expect(asked.stats).toMatchObject({ storedTexts: passages.length, texts: pool.length })
      expect(scorer.id).toBe(plain.id)
    }
  })

  it('is counted in the report, and not asked for a text that was edited', async () => {
    const path = at('edited')
    await plain.encodeDocumentsToFile(passages, path)
    await using reranker = createReranker({ scorer: crossEncoder({ store: path }), blend: false })
    const edited = [
      { id: 'a', text: `${passages[0]} Not on Sundays.` },
      { id: 'b', text: passages[1] as string },
    ]
    const { results, report } = await reranker.rerank(query, edited)
    expect(report.stages[0]?.stats['storedTexts']).toBe(1)
    // Closing it would close the scorer of all tests here.
    const bare = createReranker({ scorer: plain, blend: false })
    const scores = (await bare.rerank(query, edited)).results.map(({ score }) => score)
    expect(results.map(({ score }) => score)).toEqual(scores)
  })

  it('is not used for a passage that is cut off beside its query', async () => {
    const nearly = 'boat '.repeat(480)
    const path = at('nearly')
    expect(await plain.encodeDocumentsToFile([nearly], path)).toMatchObject({ tooLong: 0 })
    await using scorer = crossEncoder({ store: path })
    for (const [words, stored] of [
      [3, 1],
      [60, 0],
    ] as const) {
      const asked = call()
      const longer = 'ferry '.repeat(words)
      expect(await scorer.score(longer, [nearly], asked)).toEqual(await plain.score(longer, [nearly], call()))
      expect(asked.stats['storedTexts']).toBe(stored)
    }
  })

  it('has what it says read: a passage is what was made of it, whatever the text says', async () => {
    const [first, second] = passages as [string, string]
    const store = new Map<string, DocumentVectors>()
    await using filling = crossEncoder({ store })
    const [, vectors] = await filling.encodeDocuments([first, second])
    expect([...store.keys()]).toEqual([first, second])
    store.set(first, vectors as DocumentVectors)
    expect(await filling.score(query, [first], call())).toEqual(await plain.score(query, [second], call()))
  })

  it('is the same whether it was written at once or in two runs, wherever the first was stopped', async () => {
    const [whole, broken] = [at('whole'), at('broken')]
    await plain.encodeDocumentsToFile(passages, whole)
    const bytes = readFileSync(whole)
    const headBytes = 12 + bytes.readUInt32LE(8)
    const continued = async (cut: number, zeros: number): Promise<void> => {
      const part = Buffer.from(bytes.subarray(0, cut))
      // A part of what was written last may be zeros after a loss of power. Many zeros and nothing else are refused.
      part.fill(0, Math.max(cut > headBytes ? 8 : 0, cut - zeros))
      writeFileSync(`${broken}.part`, part)
      await plain.encodeDocumentsToFile(passages, broken)
      expect(readFileSync(broken).equals(bytes)).toBe(true)
    }
    // The head is short and everything depends on it: each of its bytes.
    for (let cut = 0; cut <= headBytes + 2; cut += sized(7, 1)) await continued(cut, cut % 2 === 0 ? 0 : 40)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length }), fc.constantFrom(0, 40, 300), continued),
      {
        numRuns: sized(8, 60),
        examples: [
          [bytes.length, 0],
          [headBytes, headBytes],
          [48, 40],
          [headBytes + 100, 140],
        ],
      },
    )
  })

  it('is refused where another has begun it, and what is nobody\u2019s is named so and left', async () => {
    const path = at('of-others')
    const head = (length: number, name: string): Buffer => {
      const bytes = Buffer.alloc(12)
      bytes.write('SPDOCS02')
      bytes.writeUInt32LE(length, 8)
      return Buffer.concat([bytes, Buffer.from(name)])
    }
    for (const [part, reason] of [
      [head(5, 'other'), 'which was begun by other'],
      [head(500, 'other'), 'which is no file of documents'],
      [head(5, 'ot\0\0\0'), 'which is no file of documents'],
      [head(0, 'SPDOCS02'), 'which is no file of documents'],
      [Buffer.alloc(5000), 'which is no file of documents'],
      [Buffer.from('notes of a user'), 'which is no file of documents'],
    ] as const) {
      writeFileSync(`${path}.part`, part)
      await expect(plain.encodeDocumentsToFile(passages, path)).rejects.toThrow(reason)
      expect(readFileSync(`${path}.part`).equals(part)).toBe(true)
    }
  })

  it('stays as it was until a new one is whole; what is gone from the corpus is left out then', async () => {
    const path = at('corpus')
    await plain.encodeDocumentsToFile(passages.slice(0, 3), path)
    const before = readFileSync(path)
    const stop = new AbortController()
    const stopping = plain.encodeDocumentsToFile([passages[4] as string, long, 'more'], path, {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    })
    await expect(stopping).rejects.toThrow('enough')
    expect(readFileSync(path).equals(before)).toBe(true)
    rmSync(`${path}.part`)
    const changed = [passages[2] as string, 'A passage that is new.', passages[0] as string]
    expect(await plain.encodeDocumentsToFile(changed, path)).toMatchObject({ documents: 3, encoded: 1 })
    await plain.encodeDocumentsToFile(changed, at('afresh'))
    expect(readFileSync(path).equals(readFileSync(at('afresh')))).toBe(true)
  })

  it('is read anew where it is damaged, and the report says so', async () => {
    const path = at('damaged')
    await plain.encodeDocumentsToFile(passages.slice(0, 2), path)
    const bytes = readFileSync(path)
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 255, 5000)
    writeFileSync(path, bytes)
    await using scorer = crossEncoder({ store: path })
    const asked = call()
    const pool = passages.slice(0, 2)
    expect(await scorer.score(query, pool, asked)).toEqual(await plain.score(query, pool, call()))
    expect(asked.stats).toMatchObject({ storeErrors: 1, storedTexts: 1 })
  })
})

describe('a store that is not for this model', () => {
  const refused = async (options: Parameters<typeof crossEncoder>[0]): Promise<string> => {
    await using scorer = crossEncoder(options)
    return await scorer.score(query, passages, call()).then(
      () => 'not refused',
      (error: Error) => error.message,
    )
  }

  it('is refused when the file is of another model, or of the same one told otherwise', async () => {
    await using late = colbert({ model: tinyColbert })
    await late.encodeDocumentsToFile(passages, at('late'))
    expect(await refused({ store: at('late') })).toMatch(
      /store is ".*late": its documents were encoded by colbert:.*, and .*en-mini.* is to use them; encode them again/,
    )
    await plain.encodeDocumentsToFile(passages.slice(0, 1), at('mini'))
    expect(await refused({ store: at('mini'), splitSpecialTokens: false })).toMatch(/special-tokens is to use them/)
    await using wrong = colbert({ model: tinyColbert, store: at('mini') })
    await expect(wrong.score(query, passages, call())).rejects.toThrow(/its documents were encoded by .*en-mini/)
  })

  it('is refused when another export of the same weights made it, and encoded anew by the present one', async () => {
    const earlier = at('model-en-mini')
    cpSync(bundled, earlier, { recursive: true })
    // A field more, which says something about the file and nothing about its numbers.
    appendFileSync(join(earlier, 'model.onnx'), Buffer.from([0x32, 1, 0x78]))
    const sum = createHash('sha256')
      .update(readFileSync(join(earlier, 'model.onnx')))
      .digest('hex')
    const sums = readFileSync(join(earlier, 'SHA256SUMS'), 'utf8')
    writeFileSync(join(earlier, 'SHA256SUMS'), sums.replace(/^[0-9a-f]{64}(?= {2}model\.onnx$)/m, sum))
    await using before = crossEncoder({ model: earlier })
    await before.encodeDocumentsToFile(passages, at('earlier'))
    expect(await refused({ store: at('earlier') })).toMatch(
      /encoded by model-en-mini@.*, and model-en-mini@.*encode them again/,
    )
    expect(await plain.encodeDocumentsToFile(passages, at('earlier'))).toMatchObject({ encoded: passages.length })
    expect(await refused({ store: at('earlier') })).toBe('not refused')
  })

  it('is refused when it holds what another model made', async () => {
    await using late = colbert({ model: tinyColbert })
    const [vectors] = await late.encodeDocuments([passages[0] as string])
    const store = new Map([[passages[0] as string, vectors as DocumentVectors]])
    expect(await refused({ store })).toMatch(/another model made them/)
  })

  it('is refused by a model that reads query and passage together', async () => {
    expect(await refused({ model: tinyBert, store: new Map() })).toMatch(/reads query and passage together/)
    await using scorer = crossEncoder({ model: tinyBert })
    await expect(scorer.encodeDocuments(passages)).rejects.toThrow(/reads query and passage together/)
    await expect(scorer.encodeDocumentsToFile(passages, at('none'))).rejects.toThrow(/nothing of a passage can be/)
  })

  it('is refused when it is no file of documents, is not there, or was cut off', async () => {
    writeFileSync(at('text'), 'A text, and nothing else.')
    expect(await refused({ store: at('text') })).toMatch(/it is no file of documents/)
    expect(await refused({ store: at('missing') })).toMatch(/there is no such file/)
    await plain.encodeDocumentsToFile(passages.slice(0, 1), at('cut'))
    writeFileSync(at('cut'), readFileSync(at('cut')).subarray(0, -3))
    expect(await refused({ store: at('cut') })).toMatch(/it has no end/)
    await expect(plain.encodeDocumentsToFile(passages, at('text'))).rejects.toThrow(/something else stands there/)
    expect(readFileSync(at('text'), 'utf8')).toBe('A text, and nothing else.')
  })
})

describe('late interaction', () => {
  it('has its file of documents in the same way', async () => {
    await using scorer = colbert({ model: tinyColbert, precision: 'int8' })
    const path = at('vectors')
    expect(await scorer.encodeDocumentsToFile(passages, path)).toMatchObject({ documents: 5, encoded: 5, tooLong: 0 })
    await using storing = colbert({ model: tinyColbert, precision: 'int8', store: path })
    const asked = call()
    expect(await storing.score(query, passages, asked)).toEqual(await scorer.score(query, passages, call()))
    expect(asked.stats).toMatchObject({ storedTexts: 5, runs: 1 })
  })
})
