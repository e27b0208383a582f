import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createReranker } from '../../../../packages/core/src/rerank.ts'
import { bm25 } from '../../../../packages/core/src/score/bm25.ts'
import { wordsOf } from '../../../../packages/core/src/base/words.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { cpuMsOf } from '../../../fixtures/cpu-time.ts'

interface Golden {
  readonly library: string
  readonly pools: readonly { query: string; texts: string[]; k1: number; b: number; scores: number[] }[]
}
const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as Golden

describe('bm25', () => {
  it.each(golden.pools.map((pool, at) => [at, pool] as const))(
    `gives the numbers of ${golden.library}: pool %d`,
    async (_, pool) => {
      const { query, texts, scores, ...parameters } = pool
      const ours = await bm25(parameters).score(query, texts, callOf())
      // The library keeps some intermediate numbers in 32 bits.
      for (const [at, score] of scores.entries()) expect(ours[at]).toBeCloseTo(score, 5)
    },
  )

  it('follows the formula, worked by hand', async () => {
    const texts = ['lamp', 'lamp lamp sun', 'moon']
    const [first, second, third] = await bm25({ k1: 1, b: 0.5 }).score('lamp', texts, callOf())
    const rarity = Math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    const mean = 5 / 3
    expect(first).toBeCloseTo(rarity * (1 / (1 + 0.5 + (0.5 * 1) / mean)), 12)
    expect(second).toBeCloseTo(rarity * (2 / (2 + 0.5 + (0.5 * 3) / mean)), 12)
    expect(third).toBe(0)
  })

  it('counts a word of the query as often as it stands there', async () => {
    const texts = ['lamp sun', 'moon']
    const [once] = await bm25().score('lamp', texts, callOf())
    const [twice] = await bm25().score('lamp lamp', texts, callOf())
    expect(twice).toBeCloseTo(2 * (once as number), 12)
  })

  it('finds words whatever their case, width, marks around them, and script', async () => {
    const best = async (query: string, texts: string[]): Promise<number | undefined> =>
      (await createReranker({ scorer: bm25() }).rerank(query, texts)).results[0]?.index
    expect(await best('Battery?', ['the lamp', 'a BATTERY, charged'])).toBe(1)
    expect(await best('ｌａｍｐ ２', ['moon 2', 'lamp 2'])).toBe(1)
    expect(await best('STRASSE', ['weg', 'strasse'])).toBe(1)
    expect(await best('電池', ['この灯は明るい', '電池は十分で充電できます'])).toBe(1)
    expect(await best('แบตเตอรี่', ['โคมไฟสว่าง', 'ชาร์จแบตเตอรี่'])).toBe(1)
    expect(await best('बैटरी', ['दीपक', 'बैटरी चार्ज'])).toBe(1)
  })

  it('takes a function that cuts, stems or leaves out', async () => {
    const stemmed = bm25({ words: (text) => text.split(' ').map((word) => word.replace(/s$/, '')) })
    const [lamp, moon] = await stemmed.score('lamps', ['one lamp', 'one moon'], callOf())
    expect([(lamp as number) > 0, moon]).toEqual([true, 0])
    expect([bm25().id, stemmed.id]).toEqual(['bm25(1.2,0.75)', 'bm25(1.2,0.75,words)'])
  })

  it('gives 0 when nothing matches, and for a pool without words', async () => {
    expect(await bm25().score('lamp', ['', '...', 'moon'], callOf())).toEqual([0, 0, 0])
    expect(await bm25().score('...', ['lamp'], callOf())).toEqual([0])
  })

  it('lets the event loop turn, and looks at the signal, on a large pool', async () => {
    const controller = new AbortController()
    const texts = Array.from({ length: 200 }, () => 'lamp and moon '.repeat(500))
    const scoring = bm25().score('lamp', texts, callOf({ signal: controller.signal }))
    setImmediate(() => controller.abort('enough'))
    await expect(scoring).rejects.toBe('enough')
  })

  it('refuses wrong options', () => {
    expect(() => bm25({ k1: -1 })).toThrow('k1 is -1: pass a number from 0')
    expect(() => bm25({ k1: Number.NaN })).toThrow('k1 is NaN')
    expect(() => bm25({ b: 1.1 })).toThrow('b is 1.1: pass a number from 0 to 1')
    expect(() => bm25({ words: 'english' as never })).toThrow('words is "english"')
  })
})

describe('wordsOf', () => {
  it.each([
    ["It's 3.5 V, isn't it?", ['it', 's', '3', '5', 'v', 'isn', 't', 'it']],
    ['naïve ﬁle', ['naïve', 'file']],
    ['cafe\u0301 CAFÉ', ['café', 'café']],
    ['배터리 충전', ['배터리', '충전']],
    ['lone \ud83d surrogate 🔋', ['lone', 'surrogate']],
    ['', []],
  ])('%j → %j', (text, words) => expect(wordsOf(text)).toEqual(words))

  it('cuts Japanese and Chinese into words', () => {
    expect(wordsOf('電池を充電する。')).toContain('電池')
    expect(wordsOf('充电需要十分钟').length).toBeGreaterThan(2)
  })

  it('reads a megabyte in any script without falling behind', () => {
    for (const text of [
      'a '.repeat(5e5),
      'x'.repeat(1e6),
      '電池充電'.repeat(2500),
      '😀'.repeat(2e5),
      '\u0301'.repeat(1e6),
    ]) {
      const cpuMs = cpuMsOf(() => wordsOf(text))
      expect(cpuMs, text.slice(0, 4)).toBeLessThan(10_000)
    }
  })
})
