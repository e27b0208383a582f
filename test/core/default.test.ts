import { describe, expect, it, vi } from 'vitest'
import { bundledScorer } from '../../packages/core/src/default.ts'
import type { Scorer } from '../../packages/core/src/types.ts'
import { callOf, readingNumbers } from '../contract/fake-scorer.ts'

describe('bundledScorer', () => {
  it('makes nothing until it is used, and then once', async () => {
    let made = 0
    const { scorer, load } = bundledScorer(
      async () => (made++, readingNumbers({ id: 'real', toProbability: () => 0.5 })),
    )
    expect([made, scorer.id, scorer.scope]).toEqual([0, 'bundled', 'pair'])
    await Promise.all([load(), load(), scorer.warmup?.(), scorer.score('q', ['a 3'], callOf())])
    expect([made, scorer.id, scorer.toProbability?.(0)]).toEqual([1, 'real', 0.5])
    expect(await scorer.score('q', ['a 3'], callOf())).toEqual([3])
  })

  it('warns once, without the query, that it cannot read a script', async () => {
    const said: string[] = []
    const emitWarning = vi
      .spyOn(process, 'emitWarning')
      .mockImplementation((message) => void said.push(String(message)))
    try {
      const { scorer } = bundledScorer(async () => readingNumbers())
      for (const readable of ['How do I pay?', 'Wie ändere ich das Paßwort?', '2024', 'the word привет in English']) {
        expect(await scorer.score(readable, ['a 3'], callOf())).toEqual([3])
      }
      expect(said).toEqual([])
      for (const query of ['как сменить пароль', 'パスワードを変える']) {
        expect(await scorer.score(query, ['a 3'], callOf())).toEqual([3])
      }
      expect(said).toHaveLength(1)
      expect(said[0]).toMatch(/skip: otherScript\(\)/)
      expect(said[0]).not.toMatch(/пароль/)
    } finally {
      emitWarning.mockRestore()
    }
  })

  it('tries again after a failure', async () => {
    const answers = [Promise.reject(new Error('no model')), Promise.resolve(readingNumbers())]
    const { load } = bundledScorer(() => answers.shift() as Promise<Scorer<'pair'>>)
    await expect(load()).rejects.toThrow('no model')
    await expect(load()).resolves.toBeUndefined()
  })

  it('closes what was made, makes nothing in order to close it, and rejects afterwards', async () => {
    let [made, closes] = [0, 0]
    const make = async (): Promise<Scorer<'pair'>> => (made++, readingNumbers({ close: async () => void closes++ }))
    const unused = bundledScorer(make)
    await unused.scorer.close?.()
    expect([made, closes]).toEqual([0, 0])
    await expect(unused.load()).rejects.toMatchObject({ code: 'closed' })
    const used = bundledScorer(make)
    await used.load()
    await used.scorer.close?.()
    expect([made, closes]).toEqual([1, 1])
    await expect(used.scorer.score('q', ['a'], callOf())).rejects.toMatchObject({ code: 'closed' })
  })
})
