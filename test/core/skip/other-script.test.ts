import { describe, expect, it } from 'vitest'
import { otherScript } from '../../../packages/core/src/skip/unread.ts'

const ask = (query: string, policy = otherScript()): unknown =>
  policy({ query, scorerId: 'fake', candidates: [{ text: 'any' }] })

describe('otherScript', () => {
  it.each([
    ['Chinese', '水泵多久需要加油？'],
    ['Japanese, with its prolonged sound mark', 'サーバーはどこ'],
    ['Arabic', 'كم مرة تحتاج المضخة إلى الزيت'],
    ['Hindi, whose vowel signs are no letters', 'पंप को कितनी बार तेल चाहिए'],
    ['Russian', 'Как часто насосу нужно масло?'],
    ['Greek', 'Πόσο συχνά;'],
    ['letters outside the BMP', '𐐀𐐁𐐂'],
    ['mostly Chinese with a name in Latin letters', 'E1021 错误是什么意思 pump'],
  ])('skips %s', (_, query) => {
    expect(ask(query)).toMatchObject({ policy: 'other-script', evidence: { scripts: 'Latin' } })
  })

  it.each([
    ['English', 'How often does the pump need oil?'],
    ['German and Vietnamese: Latin letters, whatever the language', 'Wie oft? Bao lâu một lần'],
    ['decomposed accents', 'cafe\u0301 re\u0301sume\u0301'],
    ['digits and signs alone', '2024 ??? ½'],
    ['nothing', ''],
    ['one Greek letter in a formula', 'what is the value of π'],
    ['just half of the letters', 'ab 水泵'],
  ])('lets %s pass', (_, query) => {
    expect(ask(query)).toBeUndefined()
  })

  it('counts letters, and says what it counted', () => {
    expect(ask('a 水泵 1')).toEqual({
      policy: 'other-script',
      evidence: { letters: 3, otherLetters: 2, scripts: 'Latin', found: 'Han', maxShare: 0.5 },
    })
  })

  it('reads the scripts it is told to', () => {
    const policy = otherScript({ scripts: ['Han', 'Hiragana', 'Katakana'] })
    expect(ask('サーバーはどこ', policy)).toBeUndefined()
    expect(ask('Where is the server?', policy)).toMatchObject({ evidence: { otherLetters: 16 } })
  })

  it('obeys maxShare: 0 skips at one letter, 1 never', () => {
    expect(ask('the value of π', otherScript({ maxShare: 0 }))).toMatchObject({ evidence: { otherLetters: 1 } })
    expect(ask('水泵', otherScript({ maxShare: 1 }))).toBeUndefined()
  })

  it('looks at the start of a very long query only', () => {
    expect(ask('a'.repeat(1000) + '水'.repeat(100_000))).toBeUndefined()
  })

  it.each([
    [{ scripts: [] }, /scripts is an array of 0: pass the Unicode names/],
    [{ scripts: ['English'] }, /scripts is "English": pass the name of a Unicode script/],
    [{ scripts: ['Latin}\\p{L'] }, /scripts is "Latin}\\\\p\{L"/],
    [{ maxShare: 2 }, /maxShare is 2: pass a number from 0 to 1/],
    [{ script: 'Latin' }, /options.script is "Latin": there is no such option/],
  ])('refuses %j', (options, message) => {
    expect(() => otherScript(options as never)).toThrow(message)
  })
})
