import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { crossEncoder, type Call, type TextNote } from '@secondpass/core'

const fixtures = join(import.meta.dirname, '../../../fixtures')
const tiny = join(fixtures, 'tiny-bert')
const calibration = join(import.meta.dirname, '../../../../packages/model-en-mini/calibration.json')

function makeCall(overrides: Partial<Call> = {}): Call & { readonly notes: Map<number, TextNote> } {
  const notes = new Map<number, TextNote>()
  const note = (position: number, said: TextNote): void => {
    notes.set(position, said)
  }
  const signal = new AbortController().signal
  return { signal, deadline: Infinity, now: () => performance.now(), stats: {}, note, notes, ...overrides }
}

/** From PyTorch transformers, see make_tiny_bert.py. */
const golden = JSON.parse(readFileSync(join(tiny, 'golden.json'), 'utf8')) as readonly {
  query: string
  text: string
  maxTokens: number
  logit: number
}[]

const query = 'how do I rotate an access key'
const texts = [
  'Keys are rotated from the settings page: create the new key, deploy it, then delete the old one.',
  'Invoices are sent on the first day of the month.',
  'An access key is shown once. Store it where your servers can read it.',
  '',
  'Rotation 🔑 of keys: see 設定 and réglages.',
]

describe('the bundled cross-encoder', () => {
  const scorer = crossEncoder()
  afterAll(() => scorer.close())

  it('puts the passage that answers above one that does not', async () => {
    const [answer, other] = await scorer.score(query, texts, makeCall())
    expect(answer).toBeGreaterThan((other as number) + 1)
  })

  it('gives every text the same score to the last bit alone, shuffled, and among other neighbours', async () => {
    const together = await scorer.score(query, texts, makeCall())
    const alone = []
    for (const text of texts) alone.push(...(await scorer.score(query, [text], makeCall())))
    expect(alone).toEqual(together)
    const backwards = await scorer.score(query, [...texts].reverse(), makeCall())
    expect([...backwards].reverse()).toEqual(together)
    const among = await scorer.score(query, ['x '.repeat(600), ...texts, '?'], makeCall())
    expect(among.slice(1, -1)).toEqual(together)
  })

  it('counts the tokens that it reads of a text', async () => {
    const read = makeCall()
    await scorer.score(query, texts, read)
    let counted = 0
    for (const text of texts) counted += (await scorer.countTokens(query)) + (await scorer.countTokens(text)) + 3
    expect(counted).toBe(read.stats['tokens'])
    expect(await scorer.countTokens('')).toBe(0)
    // Not cut at what the model can read at once.
    expect(await scorer.countTokens('key '.repeat(2000))).toBe(2000)
  })

  it('gives the same bits from worker threads', async () => {
    await using threaded = crossEncoder({ workers: 2 })
    expect(await threaded.score(query, texts, makeCall())).toEqual(await scorer.score(query, texts, makeCall()))
  })

  it('scores equal texts once and says so', async () => {
    const call = makeCall()
    const scores = await scorer.score(query, ['same', 'other', 'same', 'same'], call)
    expect(scores[0]).toBe(scores[2])
    expect(call.stats).toMatchObject({ texts: 4, runs: 2 })
  })

  it('says which texts it could not read to the end', async () => {
    const call = makeCall()
    await scorer.score(query, ['short', 'a long story '.repeat(300)], call)
    expect(call.stats['truncatedTexts']).toBe(1)
    expect([...call.notes]).toEqual([[1, { truncated: true }]])
  })

  it('turns logits into probabilities that keep their order, with the temperature of its calibration', () => {
    const { temperature } = JSON.parse(readFileSync(calibration, 'utf8')) as { temperature: number }
    expect(scorer.toProbability?.(0)).toBe(0.5)
    expect(scorer.toProbability?.(-3)).toBeCloseTo(1 / (1 + Math.exp(3 / temperature)), 12)
    expect(scorer.toProbability?.(2)).toBeGreaterThan(scorer.toProbability?.(1.9) ?? Infinity)
  })
})

describe.each([
  ['in this thread', 0],
  ['in a worker', 1],
])('scoring %s', (_, workers) => {
  it('rejects with the reason of a signal that is already aborted', async () => {
    await using scorer = crossEncoder({ model: tiny, workers })
    const reason = new Error('the reader left')
    const call = makeCall({ signal: AbortSignal.abort(reason) })
    await expect(scorer.score(query, texts, call)).rejects.toBe(reason)
  })

  it('rejects with the reason of a signal aborted in the middle, and can be used again', async () => {
    await using scorer = crossEncoder({ model: tiny, workers })
    await scorer.warmup()
    const many = Array.from({ length: 5000 }, (_text, at) => `text ${at}`)
    const controller = new AbortController()
    const call = makeCall({ signal: controller.signal })
    const scoring = scorer.score(query, many, call)
    setImmediate(() => controller.abort('enough'))
    await expect(scoring).rejects.toBe('enough')
    expect(call.stats['runs'] ?? 0).toBeLessThan(many.length)
    expect(await scorer.score(query, texts, makeCall())).toHaveLength(texts.length)
  })

  it("rejects with code 'deadline' when the deadline has passed", async () => {
    await using scorer = crossEncoder({ model: tiny, workers })
    const call = makeCall({ deadline: 10, now: () => 11 })
    await expect(scorer.score(query, texts, call)).rejects.toMatchObject({ code: 'deadline' })
  })

  it('takes its time when the deadline is further off than a timer of Node.js reaches', async () => {
    await using scorer = crossEncoder({ model: tiny, workers })
    const many = Array.from({ length: 300 }, (_text, at) => `text ${at}`)
    const deadline = performance.now() + 2 ** 32
    expect(await scorer.score(query, many, makeCall({ deadline }))).toHaveLength(many.length)
  })

  it('rejects after close, however often it is closed', async () => {
    const scorer = crossEncoder({ model: tiny, workers })
    await scorer.score(query, texts, makeCall())
    await Promise.all([scorer.close(), scorer.close()])
    await scorer.close()
    await expect(scorer.score(query, texts, makeCall())).rejects.toMatchObject({ code: 'closed' })
    await expect(scorer.warmup()).rejects.toMatchObject({ code: 'closed' })
  })

  it("rejects work under way with code 'closed' when it is closed in the middle", async () => {
    const scorer = crossEncoder({ model: tiny, workers })
    await scorer.warmup()
    const many = Array.from({ length: 5000 }, (_text, at) => `text ${at}`)
    const scoring = scorer.score(query, many, makeCall())
    const outcome = expect(scoring).rejects.toMatchObject({ code: 'closed' })
    await scorer.close()
    await outcome
  })

  it('answers many calls at once, each with its own numbers', async () => {
    await using scorer = crossEncoder({ model: tiny, workers })
    const queries = Array.from({ length: 12 }, (_query, at) => `${query} ${at}`)
    const together = await Promise.all(queries.map((one) => scorer.score(one, texts, makeCall())))
    for (const [at, one] of queries.entries()) {
      expect(await scorer.score(one, texts, makeCall())).toEqual(together[at])
    }
  })

  it('loads nothing for an empty list', async () => {
    await using scorer = crossEncoder({ model: tiny, workers })
    const call = makeCall()
    expect(await scorer.score(query, [], call)).toEqual([])
    expect(call.stats).toEqual({})
  })
})

it('looks at the clock before every pair: a deadline that passes after k pairs stops the k+1st, for every k', async () => {
  for (let pairs = 0; pairs < texts.length; pairs++) {
    // A new one each time: from the last call it would know that a run takes long.
    await using scorer = crossEncoder({ model: tiny })
    const stats: Record<string, number> = {}
    const call = makeCall({ deadline: 1, stats, now: () => ((stats['runs'] ?? 0) < pairs ? 0 : 1) })
    await expect(scorer.score(query, texts, call)).rejects.toMatchObject({ code: 'deadline' })
    expect(call.stats['runs'] ?? 0).toBe(pairs)
  }
})

it('starts anew after a worker crashed; the call under way rejects', async () => {
  const started: import('node:worker_threads').Worker[] = []
  const watch = (worker: import('node:worker_threads').Worker): void => void started.push(worker)
  process.on('worker', watch)
  try {
    await using scorer = crossEncoder({ model: tiny, workers: 2 })
    await scorer.warmup()
    const many = Array.from({ length: 3000 }, (_text, at) => `text ${at}`)
    const scoring = scorer.score(query, many, makeCall())
    const outcome = expect(scoring).rejects.toMatchObject({ code: 'scorer', message: /worker/ })
    // Not a message the pool would send: the worker throws on it where nothing catches.
    started[0]?.postMessage({ type: 'job', job: null })
    await outcome
    expect(await scorer.score(query, texts, makeCall())).toHaveLength(texts.length)
    expect(started).toHaveLength(4)
  } finally {
    process.off('worker', watch)
  }
})

describe('any folder with a BERT-type graph', () => {
  it('gives the same numbers from a stock graph as from the lean one, and as the reference', async () => {
    // Below 5 tokens the reference leaves nothing of a side; such a limit is refused here.
    const lengths = golden.map((pair) => pair.maxTokens).filter((length) => length >= 5)
    for (const maxLength of new Set(lengths)) {
      // As Python reads what a text spells.
      const asPython = { maxLength, splitSpecialTokens: false }
      await using lean = crossEncoder({ model: tiny, ...asPython })
      await using stock = crossEncoder({ model: join(fixtures, 'tiny-bert-stock'), ...asPython })
      for (const pair of golden.filter(({ maxTokens }) => maxTokens === maxLength)) {
        const [fromLean] = await lean.score(pair.query, [pair.text], makeCall())
        const [fromStock] = await stock.score(pair.query, [pair.text], makeCall())
        expect(Math.abs((fromLean as number) - pair.logit)).toBeLessThan(1e-4)
        expect(Math.abs((fromStock as number) - pair.logit)).toBeLessThan(1e-4)
      }
    }
  })

  it('has its own id, and another one for another maxLength', () => {
    const ids = [crossEncoder(), crossEncoder({ model: tiny }), crossEncoder({ model: tiny, maxLength: 32 })]
    expect(new Set(ids.map(({ id }) => id)).size).toBe(3)
  })
})

describe('options', () => {
  it.each([
    ['workers', -1],
    ['workers', 1.5],
    ['workers', 'many'],
    ['threads', 0],
    ['maxLength', 3],
    ['longText', 'cut'],
  ])('%s = %j is refused by name and value', (name, value) => {
    expect(() => crossEncoder({ [name]: value })).toThrow(new RegExp(`${name} is .*${value}`))
  })

  it("longText: 'error' rejects for a text that does not fit, and only then", async () => {
    await using scorer = crossEncoder({ model: tiny, longText: 'error' })
    await expect(scorer.score('q', ['fits'], makeCall())).resolves.toHaveLength(1)
    const long = scorer.score('q', ['fits', 'word '.repeat(500)], makeCall())
    await expect(long).rejects.toMatchObject({ code: 'invalid-argument', message: /does not fit/ })
  })
})

describe("longText: 'windows'", () => {
  const answer = 'The lamp is switched off by turning the blue wheel to the left.'
  const filler = 'Bread is baked in the morning and sold before noon. '.repeat(60)

  it('finds what truncation leaves unread, and says where it stands', async () => {
    const document = `${filler}${answer} ${filler}`
    await using cut = crossEncoder()
    await using windows = crossEncoder({ longText: 'windows' })
    const call = makeCall()
    const question = 'how do I switch the lamp off'
    const [unread] = await cut.score(question, [document], makeCall())
    const [read] = await windows.score(question, [document], call)
    expect(read).toBeGreaterThan(unread as number)
    const { start, end } = call.notes.get(0)?.bestSpan ?? { start: 0, end: 0 }
    expect(document.slice(start, end)).toContain(answer)
    expect(end - start).toBeLessThan(document.length / 2)
    expect(call.stats).toMatchObject({ texts: 1, truncatedTexts: 0 })
    expect(call.stats['windows']).toBe(call.stats['runs'])
  })

  it('reads only the windows that share words with the question, where it is told how many', async () => {
    const document = `${filler}${answer} ${filler}`
    const question = 'how do I switch the lamp off'
    const read = async (options: object): Promise<{ score: unknown; call: ReturnType<typeof makeCall> }> => {
      await using scorer = crossEncoder({ longText: 'windows', ...options })
      const call = makeCall()
      const [score] = await scorer.score(question, [document, 'The lamp is new.'], call)
      return { score, call }
    }
    const [all, one, many] = [await read({}), await read({ windowsToRead: 1 }), await read({ windowsToRead: 50 })]
    expect(all.call.stats['windows']).toBeGreaterThan(3)
    expect(one.call.stats).toMatchObject({ windows: 2, runs: 2, truncatedTexts: 1 })
    const { bestSpan, truncated } = one.call.notes.get(0) ?? {}
    expect(document.slice(bestSpan?.start, bestSpan?.end)).toContain(answer)
    expect(one.score).toBe(all.score)
    expect([truncated, one.call.notes.get(1)?.truncated]).toEqual([true, undefined])
    expect([many.score, many.call.stats, [...many.call.notes]]).toEqual([
      all.score,
      all.call.stats,
      [...all.call.notes],
    ])
  })

  it('gives a text that fits the score it has anyway, and its whole length as the span', async () => {
    await using cut = crossEncoder({ model: tiny })
    await using windows = crossEncoder({ model: tiny, longText: 'windows' })
    const call = makeCall()
    expect(await windows.score(query, ['the river', ''], call)).toEqual(
      await cut.score(query, ['the river', ''], makeCall()),
    )
    expect([...call.notes]).toEqual([
      [0, { bestSpan: { start: 0, end: 9 } }],
      [1, { bestSpan: { start: 0, end: 0 } }],
    ])
  })

  it('leaves nothing unread whatever the script: no window is truncated', async () => {
    await using windows = crossEncoder({ model: tiny, longText: 'windows', maxLength: 24, windowOverlap: 4 })
    const call = makeCall()
    await windows.score('the key', ['漢字'.repeat(100), 'ab'.repeat(500), '👩‍👩‍👧'.repeat(50), 'é́ '.repeat(80)], call)
    expect(call.stats['truncatedTexts']).toBe(0)
  })
})
