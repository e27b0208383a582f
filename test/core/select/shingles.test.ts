import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ShingleReader, jaccard } from '../../../packages/core/src/select/diversity.ts'

function similarity(left: string, right: string): number {
  const reader = new ShingleReader()
  return jaccard(reader.read(left), reader.read(right))
}

describe('the similarity of two texts', () => {
  it('is what their triples of words share, over what they hold together', () => {
    // a b c, b c d | b c d, c d e: one of three.
    expect(similarity('a b c d', 'b c d e')).toBe(1 / 3)
    expect(similarity('one two three four', 'one two three four')).toBe(1)
    expect(similarity('one two three', 'three two one')).toBe(0)
  })

  it('does not look at case, punctuation, spaces and the width of letters', () => {
    expect(similarity('The pump, it leaks!', 'the  PUMP it leaks')).toBe(1)
    expect(similarity('Ｔｈｅ pump it leaks', 'the pump it leaks')).toBe(1)
  })

  it('compares texts of fewer than three words as a whole', () => {
    expect(similarity('Open Settings', 'open settings')).toBe(1)
    expect(similarity('Open Settings', 'open billing')).toBe(0)
    expect(similarity('Open', 'Open Settings')).toBe(0)
  })

  it('takes texts without words for equal only when they are', () => {
    expect(similarity('', ' ')).toBe(1)
    expect(similarity('!!!', '???')).toBe(0)
    expect(similarity('', 'one two three')).toBe(0)
  })

  it('knows the words of scripts without spaces', () => {
    const original = '水泵在启动后两分钟内停止运行并显示错误代码'
    const changed = '水泵在启动后三分钟内停止运行并显示错误代码'
    expect(similarity(original, original)).toBe(1)
    expect(similarity(original, changed)).toBeGreaterThan(0.3)
    expect(similarity(original, changed)).toBeLessThan(1)
    expect(similarity(original, '发票在每个月的第一天寄给客户')).toBe(0)
  })

  it('says 0.88 for one changed word in fifty, and 0.78 for two far apart', () => {
    const words = Array.from({ length: 50 }, (_, at) => `w${at}`)
    const withChanges = (...places: number[]): string =>
      words.map((word, at) => (places.includes(at) ? 'changed' : word)).join(' ')
    expect(similarity(words.join(' '), withChanges(10))).toBeCloseTo(0.882, 3)
    expect(similarity(words.join(' '), withChanges(10, 30))).toBeCloseTo(0.778, 3)
  })

  it('equals the definition on sets', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 }).map((words) => words.join(' '))
    fc.assert(
      fc.property(text, text, (left, right) => {
        const [l, r] = [triples(left), triples(right)]
        expect(similarity(left, right)).toBe(l.intersection / (l.set.size + r.set.size - l.intersection))
        function triples(of: string): { set: Set<string>; intersection: number } {
          const set = slowTriples(of)
          return { set, intersection: [...slowTriples(left)].filter((one) => slowTriples(right).has(one)).length }
        }
      }),
    )
  })
})

function slowTriples(text: string): Set<string> {
  const words = text.split(' ').filter((word) => word !== '')
  const starts = words.length < 3 ? [0] : words.slice(2).map((_, at) => at)
  return new Set(starts.map((at) => words.slice(at, at + 3).join(' ')))
}
