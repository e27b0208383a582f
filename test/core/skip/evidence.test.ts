import { describe, expect, it, vi } from 'vitest'
import type { Candidate, Pool } from '../../../packages/core/src/types.ts'
import { agreement } from '../../../packages/core/src/skip/first-stage.ts'
import { calibrated } from '../../../packages/core/src/skip/calibrated.ts'
import { not } from '../../../packages/core/src/skip/policy.ts'
import { keywordQuery } from '../../../packages/core/src/skip/query.ts'
import { cpuMsOf } from '../../fixtures/cpu-time.ts'

const poolOf = (candidates: readonly Candidate[], more: Partial<Pool> = {}): Pool => ({
  query: 'q',
  scorerId: 'fake',
  candidates,
  ...more,
})

describe('agreement', () => {
  interface Hit extends Candidate {
    readonly lexical?: number | undefined
  }
  const hits = (...lexical: (number | undefined)[]): Pool =>
    poolOf(lexical.map((score): Hit => ({ text: 't', lexical: score })))
  const policy = (atLeast: number, k = 10): ReturnType<typeof agreement> =>
    agreement<Hit>({ other: ({ lexical }) => lexical, atLeast, k })
  const measured = (pool: Pool, k?: number): unknown => policy(0.01, k).evidence?.(pool)?.['agreement']

  it('is 1 for the same order and the average overlap otherwise', () => {
    expect(measured(hits(9, 8, 7, 6))).toBe(1)
    // Depths 1 to 4 share 0, 0, 2/3 and all.
    expect(measured(hits(6, 7, 8, 9))).toBeCloseTo((0 + 0 + 2 / 3 + 1) / 4, 10)
    // Depths 1 and 2 share 0 and all.
    expect(measured(hits(8, 9, 1, 2), 2)).toBe(0.5)
  })

  it('equals a slow definition for any two orders', () => {
    const orders = [
      [2, 0, 1, 4, 3],
      [4, 3, 2, 1, 0],
      [0, 2, 1, 3, 4],
      [1, 0, 3, 2, 4],
    ]
    for (const order of orders) {
      const scores = order.map((_, at) => -order.indexOf(at))
      for (let k = 1; k <= 5; k++) {
        let sum = 0
        for (let depth = 1; depth <= k; depth++) {
          sum += order.slice(0, depth).filter((at) => at < depth).length / depth
        }
        expect(measured(hits(...scores), k), `${order.join()} at ${k}`).toBeCloseTo(sum / k, 10)
      }
    }
  })

  it('skips from the wanted agreement on, with the evidence', () => {
    expect(policy(1)(hits(3, 2, 1))).toEqual({ policy: 'agreement', evidence: { agreement: 1, atLeast: 1, k: 3 } })
    expect(policy(1)(hits(3, 1, 2))).toBeUndefined()
  })

  it('takes equal scores for no agreement, and what was not found for last', () => {
    expect(measured(hits(5, 5, 5), 1)).toBe(0)
    expect(measured(hits(undefined, 5, 4), 2)).toBe(0.25)
    expect(measured(hits(5, 4, undefined), 2)).toBe(1)
  })

  it('cannot judge when the second retriever found nothing', () => {
    expect(policy(0.01)(hits(undefined, undefined))).toBeUndefined()
    expect(not(policy(1))(hits(undefined, undefined))).toBeUndefined()
  })

  it('refuses wrong options and scores', () => {
    expect(() => agreement({ other: 'lexical' as never, atLeast: 1 })).toThrow('other is "lexical": pass a function')
    expect(() => agreement({ other: () => 1, atLeast: 0 })).toThrow('atLeast is 0')
    expect(() => agreement({ other: () => 1, atLeast: 1, k: 0 })).toThrow('k is 0')
    expect(() => agreement({ other: () => Number.NaN, atLeast: 1 })(hits(1))).toThrow('other(candidates[0]) is NaN')
  })
})

describe('keywordQuery', () => {
  const decides = (query: string, options?: Parameters<typeof keywordQuery>[0]): boolean =>
    keywordQuery(options)(poolOf([{ text: 't' }], { query })) !== undefined

  it.each([
    'battery',
    'solar lamp',
    'E1021',
    'ERR_MODULE_NOT_FOUND',
    'node:fs readFileSync promises.rm',
    'SL-200 SL-300 SL-400',
    '/etc/hosts /etc/fstab ~/.bashrc',
    'v1.2.3',
    'getUserById setUserName dropUser_2',
    '"QX-7" (QX-8), QX-9',
    '電池',
  ])('skips for %s', (query) => expect(decides(query)).toBe(true))

  it.each([
    'when does the lamp turn off',
    'why E1021?',
    'lamp?',
    'ランプはいつ消えますか',
    'what is ERR_MODULE_NOT_FOUND about',
    '2023 2024 2025',
    '???',
    'iphone 15 battery',
  ])('does not skip for %s', (query) => expect(decides(query)).toBe(false))

  it('can be told how many words, and to leave identifiers alone', () => {
    expect(decides('solar lamp battery', { maxWords: 3 })).toBe(true)
    expect(decides('lamp', { maxWords: 0 })).toBe(false)
    expect(decides('A-1 B-2 C-3', { identifiers: false })).toBe(false)
    expect(() => keywordQuery({ maxWords: -1 })).toThrow('maxWords is -1')
  })

  it('gives what it saw as evidence', () => {
    expect(keywordQuery()(poolOf([], { query: 'solar lamp' }))).toEqual({
      policy: 'keyword-query',
      evidence: { words: 2, maxWords: 2, question: false, long: false, identifier: false },
    })
  })

  it('reads a query of a megabyte in no time', () => {
    const cpuMs = cpuMsOf(() => {
      for (const query of ['a '.repeat(5e5), 'A_'.repeat(5e5), '"'.repeat(1e6), '1'.repeat(1e6)])
        expect(decides(query)).toBe(false)
    })
    expect(cpuMs).toBeLessThan(5000)
  })
})

describe('calibrated', () => {
  const file = {
    version: 1,
    scorerId: 'fake',
    retriever: 'BM25',
    date: '2026-01-31',
    skip: { policy: 'clear-margin', options: { margin: 0.5, place: 2 } },
    somethingElse: true,
  }
  const clear = poolOf([
    { text: 'a', score: 0.9 },
    { text: 'b', score: 0.1 },
  ])

  it('is the policy of the file, from its text or its value', () => {
    for (const json of [file, JSON.stringify(file), `\ufeff${JSON.stringify(file)}`]) {
      expect(calibrated(json)(clear)).toMatchObject({ policy: 'clear-margin', evidence: { margin: 0.5, place: 2 } })
      expect(calibrated(json).evidence?.(clear)).toMatchObject({ margin: 0.5 })
    }
  })

  it('combines policies', () => {
    const skip = { policy: 'all-of', policies: [file.skip, { policy: 'small-pool', options: { size: 5 } }] }
    expect(calibrated({ ...file, skip })(clear)?.policy).toBe('all-of')
    const either = { policy: 'any-of', policies: [{ policy: 'small-pool', options: { size: 1 } }, file.skip] }
    expect(calibrated({ ...file, skip: either })(clear)?.policy).toBe('clear-margin')
  })

  it('skips by agreement with the second retriever it is given, also inside a combination', () => {
    const skip = { policy: 'agreement', options: { atLeast: 0.9, k: 2 } }
    const other = ({ score }: Candidate): number | undefined => score
    const nested = { policy: 'any-of', policies: [{ policy: 'small-pool', options: { size: 1 } }, skip] }
    for (const one of [skip, nested]) {
      expect(calibrated({ ...file, skip: one }, { other })(clear)?.policy).toBe('agreement')
      expect(() => calibrated({ ...file, skip: one })).toThrow(
        'options.other is undefined: the file skips by agreement, so pass { other }',
      )
    }
    expect(() => calibrated({ ...file, skip: { policy: 'agreement' } }, { other })).toThrow('atLeast is undefined')
    expect(() => calibrated(file, { other: 7 as never })).toThrow('other is 7')
  })

  it('skips by the shape of the scores', () => {
    const pool = poolOf([9, 2, 1, 2, 1].map((score) => ({ text: 't', score })))
    const policy = calibrated({ ...file, skip: { policy: 'score-shape', options: { atLeast: 15 } } })
    expect(policy(pool)).toEqual({ policy: 'score-shape', evidence: { deviations: 15, atLeast: 15, k: 10 } })
    expect(calibrated({ ...file, skip: { policy: 'score-shape', options: { atLeast: 15.1 } } })(pool)).toBeUndefined()
  })

  it('never skips when no policy kept the promise', () => {
    expect(calibrated({ ...file, skip: null })(clear)).toBeUndefined()
  })

  it('warns once when it was made for another scorer, and works all the same', () => {
    const messages: string[] = []
    const policy = calibrated(file, { warn: (message) => messages.push(message) })
    policy(clear)
    expect(messages).toEqual([])
    const elsewhere = { ...clear, scorerId: 'other' }
    expect([policy(elsewhere), policy(elsewhere)]).toMatchObject([
      { policy: 'clear-margin' },
      { policy: 'clear-margin' },
    ])
    expect(messages).toEqual([
      'The skip policy was calibrated for the scorer fake, and runs before other: calibrate it again.',
    ])
  })

  describe('on the scores of another retriever', () => {
    const withScores = (top: number | undefined): typeof clear =>
      poolOf([top, top, top].map((score) => ({ text: 't', score })))
    const words = { ...file, retriever: 'BM25', topScores: [8, 24] as const }
    const heard = (tops: readonly (number | undefined)[], calibration: unknown = words): string[] => {
      const messages: string[] = []
      const policy = calibrated(calibration, { warn: (message) => messages.push(message) })
      for (const top of tops) policy({ ...withScores(top), scorerId: file.scorerId })
      return messages
    }

    it('says loudly, once, that its threshold means nothing there', () => {
      expect(heard(Array.from({ length: 40 }, (_, at) => 0.7 + at / 1000))).toEqual([
        'The skip policy was calibrated on the scores of another retriever ("BM25"): the best score of a list was between 8 and 24 there, and outside that in 10 of the first 10 lists here. Its threshold means nothing on this scale: calibrate it again on these scores.',
      ])
    })

    it('says nothing of the same retriever, a few strange lists, lists without scores, or a file without the range', () => {
      expect(heard(Array.from({ length: 40 }, (_, at) => 9 + (at % 15)))).toEqual([])
      expect(heard([0.7, 0.7, 0.7, 12, 12, 12, 12, 12, 12, 12, 12])).toEqual([])
      expect(heard(Array.from({ length: 40 }, () => undefined))).toEqual([])
      expect(
        heard(
          Array.from({ length: 40 }, () => 0.7),
          file,
        ),
      ).toEqual([])
    })

    it('refuses a range that is none', () => {
      expect(() => calibrated({ ...file, topScores: [1] })).toThrow(
        'calibration.topScores is an array of 1: it must be the least and the largest score',
      )
    })
  })

  it('warns through the process unless told otherwise', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    calibrated(file)({ ...clear, scorerId: 'other' })
    expect(warned).toHaveBeenCalledOnce()
    warned.mockRestore()
  })

  it.each([
    ['calibration.json', 'calibration is "calibration.json": it is not JSON; pass the content of the file'],
    ['[]', 'calibration is an array of 0'],
    [undefined, 'calibration is undefined'],
    [{ ...file, version: 2 }, 'calibration.version is 2: this release reads version 1'],
    [{ ...file, scorerId: undefined }, 'calibration.scorerId is undefined'],
    [{ version: 1, scorerId: 'x' }, 'calibration.skip is undefined: it must be a policy, or null for never'],
    [
      { ...file, skip: { policy: 'wont-finish' } },
      'calibration.skip.policy is "wont-finish": it must be one of above-threshold,',
    ],
    [{ ...file, skip: { policy: 'toString' } }, 'calibration.skip.policy is "toString"'],
    [{ ...file, skip: { policy: 'any-of' } }, 'calibration.skip.policies is undefined'],
    [{ ...file, skip: { policy: 'any-of', policies: [{}] } }, 'calibration.skip.policies[0].policy is undefined'],
    [{ ...file, skip: { policy: 'any-of', policies: [] } }, 'pass at least one policy'],
    [{ ...file, skip: { policy: 'clear-margin', options: { margin: 'big' } } }, 'margin is "big"'],
    [{ ...file, skip: { policy: 'clear-margin' } }, 'options is undefined'],
  ])('refuses %j', (json, message) => {
    expect(() => calibrated(json)).toThrow(message)
    expect(() => calibrated(json)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})
