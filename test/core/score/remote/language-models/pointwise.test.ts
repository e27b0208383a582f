import { describe, expect, it } from 'vitest'
import { createReranker } from '../../../../../packages/core/src/rerank.ts'
import { gradeOf } from '../../../../../packages/core/src/score/remote/language-models/pointwise.ts'
import { llmPointwise } from '../../../../../packages/core/src/score/remote/language-models/pointwise.ts'
import { numberIn, numbered, readPrompt, scored } from './support.ts'

/** A model that grades a lamp by its number. */
const grader = async (prompt: string): Promise<string> => String(numberIn(readPrompt(prompt).passages[0] ?? ''))

describe('llmPointwise by grade', () => {
  it('gives each text the share of its grade', async () => {
    const { scores, stats } = await scored(llmPointwise({ generate: grader }), numbered(11))
    expect(scores).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])
    expect(stats).toMatchObject({ calls: 11, texts: 11, wrongFormat: 0 })
  })

  it('asks about equal texts once', async () => {
    const { scores, stats } = await scored(llmPointwise({ generate: grader }), ['Lamp 4', 'Lamp 2', 'Lamp 4'])
    expect(scores).toEqual([0.4, 0.2, 0.4])
    expect(stats['calls']).toBe(2)
  })

  it('leaves equal grades in the order they had', async () => {
    const reranker = createReranker({ scorer: llmPointwise({ generate: async () => '7' }) })
    const { results } = await reranker.rerank('Which lamp?', numbered(5))
    expect(results.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
    expect(results[0]).toMatchObject({ score: 0.7 })
  })

  it('asks again for what is no grade, and fails when it is none again', async () => {
    const answers = ['It is rather good.', '3', 'N/A', '']
    const generate = async (): Promise<string> => answers.shift() ?? '1'
    const scorer = llmPointwise({ generate, concurrency: 1 })
    const { scores, stats } = await scored(scorer, ['Lamp'])
    expect(scores).toEqual([0.3])
    expect(stats).toMatchObject({ calls: 2, wrongFormat: 1 })
    await expect(scored(scorer, ['Lamp'])).rejects.toThrow('answered "" where a whole number from 0 to 10 was due')
    await expect(scored(scorer, ['Lamp'])).resolves.toMatchObject({ scores: [0.1] })
  })

  it.each([
    ['a refusal', 'I cannot judge that.'],
    ['nothing', ''],
    ['garbage', '\0[[[9'],
    ['no string', 7 as never],
  ])('fails as a whole for %s, so that the order of the first stage is kept', async (_, answer) => {
    const generate = async (prompt: string): Promise<string> => (prompt.includes('number 3') ? answer : '5')
    const reranker = createReranker({ scorer: llmPointwise({ generate }), onError: 'keep-order' })
    const { results, report } = await reranker.rerank('Which lamp?', numbered(5))
    expect(results.map(({ index, score }) => [index, score])).toEqual(numbered(5).map((_text, at) => [at, undefined]))
    expect(report.stages[0]).toMatchObject({ outcome: 'failed', error: { code: 'scorer' } })
  })

  it('asks no more prompts than allowed, those asked again included', async () => {
    let calls = 0
    const generate = async (): Promise<string> => (++calls, 'hm')
    await expect(scored(llmPointwise({ generate, maxCalls: 3 }), numbered(4))).rejects.toThrow(
      'would need 4 prompts for 4 texts, more than maxCalls (3): set depth to 3 or less, or raise maxCalls',
    )
    expect(calls).toBe(0)
    const patient = llmPointwise({ generate, maxCalls: 3, maxRetries: 9, concurrency: 1 })
    await expect(scored(patient, numbered(1))).rejects.toThrow('has asked 3 prompts for one query (maxCalls)')
    expect(calls).toBe(3)
  })

  it('has so many prompts under way at a time, over all calls', async () => {
    let [underWay, most] = [0, 0]
    const waiting: (() => void)[] = []
    const generate = async (prompt: string): Promise<string> => {
      most = Math.max(most, ++underWay)
      await new Promise<void>((resolve) => waiting.push(resolve))
      underWay -= 1
      return grader(prompt)
    }
    const scorer = llmPointwise({ generate, concurrency: 3 })
    const both = Promise.all([scored(scorer, numbered(5)), scored(scorer, numbered(6))])
    for (let answered = 0; answered < 11;) {
      await new Promise((resolve) => setImmediate(resolve))
      const ready = waiting.splice(0)
      answered += ready.length
      for (const answer of ready) answer()
    }
    expect((await both).map(({ scores }) => scores.length)).toEqual([5, 6])
    expect(most).toBe(3)
  })

  it.each<[string, number, number | undefined]>([
    ['7', 10, 7],
    [' 10\n', 10, 10],
    ['Grade: 3', 10, 3],
    ['**4**', 4, 4],
    ['Score = 2.', 4, 2],
    ['7/10', 10, 7],
    ['７', 10, 7],
    ['<think>9? No, 2.</think>\n2', 10, 2],
    ['7/5', 10, undefined],
    ['11', 10, undefined],
    ['-1', 10, undefined],
    ['7.5', 10, undefined],
    ['The grade is 7', 10, undefined],
    ['7 because it names the lamp', 10, undefined],
    ['ten', 10, undefined],
    ['', 10, undefined],
    ['1e1', 10, undefined],
  ])('reads %j of %i as %j', (answer, maxGrade, grade) => {
    expect(gradeOf(answer, maxGrade)).toBe(grade)
  })
})

describe('llmPointwise by yes and no', () => {
  const asked = (yes: number, no: number) =>
    llmPointwise({ generateYesNo: async () => ({ yes: Math.log(yes), no: Math.log(no) }) })

  it('gives the log-odds, and results with a probability', async () => {
    const { scores } = await scored(asked(0.6, 0.2), ['Lamp'])
    expect(scores[0]).toBeCloseTo(Math.log(3), 12)
    const { results } = await createReranker({ scorer: asked(0.6, 0.2) }).rerank('Which lamp?', ['Lamp'])
    expect(results[0]?.score).toBeCloseTo(0.75, 12)
    expect(results[0]?.logit).toBeCloseTo(Math.log(3), 12)
  })

  it('stays finite when one of the two is out of the question', async () => {
    expect((await scored(asked(1, 0), ['Lamp'])).scores).toEqual([40])
    expect((await scored(asked(0, 1), ['Lamp'])).scores).toEqual([-40])
  })

  it.each([
    [{ yes: -Infinity, no: -Infinity }],
    [{ yes: Number.NaN, no: -1 }],
    [{ yes: 0.5, no: -1 }],
    [{ yes: -1 }],
    ['yes'],
    [null],
    [[]],
    [[{ token: 'I', logprob: -0.1 }]],
    [[{ token: 'Yes' }]],
  ])('fails for %j', async (answer) => {
    const scorer = llmPointwise({ generateYesNo: async () => answer as never })
    await expect(scored(scorer, ['Lamp'])).rejects.toThrow(
      'where { yes, no } with two logarithms of probabilities, or a list of likely tokens with yes or no among them,',
    )
  })

  it('takes the likely tokens of a service as they are, and adds up those that mean either', async () => {
    const scoreOf = async (...tokens: [token: string, chance: number][]): Promise<number | undefined> => {
      const likely = tokens.map(([token, chance]) => ({ token, logprob: Math.log(chance) }))
      const { scores } = await scored(llmPointwise({ generateYesNo: async () => likely }), ['Lamp'])
      return scores[0]
    }
    const all = await scoreOf(['Yes', 0.5], [' yes', 0.1], ['No', 0.2], ['Maybe', 0.1], ['YES', 0.05])
    expect(all).toBeCloseTo(Math.log(0.65 / 0.2), 12)
    // No is less likely than all that are listed.
    expect(await scoreOf(['Yes', 0.9], ['Sure', 0.01])).toBeCloseTo(Math.log(0.9 / 0.01), 12)
    // And than all that the list leaves over.
    expect(await scoreOf(['Yes', 0.999])).toBeCloseTo(Math.log(0.999 / 0.001), 9)
    expect(await scoreOf(['No', 0.999])).toBeCloseTo(Math.log(0.001 / 0.999), 9)
    expect(await scoreOf(['Yes', 0.6], ['Perhaps', 0.3])).toBeCloseTo(Math.log(0.6 / 0.1), 9)
    expect(await scoreOf(['Yes', 0.4])).toBe(0)
    // What rounding leaves over is no evidence.
    expect(await scoreOf(['Yes', 1])).toBeCloseTo(Math.log(1e6), 9)
    expect(await scoreOf(['Yes', 0.9999], ['Yes', 0.9999])).toBeCloseTo(Math.log(0.9999 / 0.0001), 6)
  })
})

describe('a query that is too long', () => {
  it('is cut in the prompt, noted on each result, and counted once', async () => {
    const prompts: string[] = []
    const generate = async (prompt: string): Promise<string> => {
      prompts.push(prompt)
      return '5'
    }
    const query = `${'chatter '.repeat(5000)}When does the lamp turn off?`
    const scorer = llmPointwise({ generate, queryTruncationSide: 'left' })
    const { results, report } = await createReranker({ scorer }).rerank(query, ['Lamp', 'Desk'])
    expect(results.map((result) => result.queryTruncated)).toEqual([true, true])
    expect(report.stages[0]?.stats).toMatchObject({ truncatedQueries: 1 })
    for (const prompt of prompts) expect(prompt).toContain('chatter When does the lamp turn off?</query>')
    for (const prompt of prompts) expect(prompt.length).toBeLessThan(4000)
    await createReranker({ scorer: llmPointwise({ generate }) }).rerank(query, ['Lamp'])
    expect(prompts.at(-1)).not.toContain('lamp turn off')
    expect(prompts.at(-1)?.length).toBeLessThan(4000)
  })
})

describe('the options of llmPointwise', () => {
  it('name in the id what changes the scores', () => {
    const yesNo = { generateYesNo: async () => ({ yes: 0, no: -9 }) }
    const ids = [
      llmPointwise({ generate: grader }),
      llmPointwise({ generate: grader, maxGrade: 4 }),
      llmPointwise({ generate: grader, model: 'm' }),
      llmPointwise(yesNo),
    ].map(({ id }) => id)
    expect(ids).toEqual([
      expect.stringMatching(/^llm-pointwise\/unnamed-\w+\/g10\/p300$/),
      expect.stringMatching(/^llm-pointwise\/unnamed-\w+\/g4\/p300$/),
      'llm-pointwise/m/g10/p300',
      expect.stringMatching(/^llm-pointwise\/unnamed-\w+\/yes-no\/p300$/),
    ])
  })

  it.each<[object, string]>([
    [{}, 'pass either generate or generateYesNo'],
    [{ generate: grader, generateYesNo: grader }, 'pass either generate or generateYesNo'],
    [{ generate: 5 }, 'generate is 5: pass a function'],
    [{ generateYesNo: 5 }, 'generateYesNo is 5: pass a function'],
    [{ generate: grader, maxGrade: 0 }, 'maxGrade is 0: pass a whole number from 1 to 100'],
    [{ generate: grader, maxRetries: -1 }, 'maxRetries is -1'],
    [{ generate: grader, maxCalls: 0.5 }, 'maxCalls is 0.5'],
    [{ generate: grader, windowSize: 5 }, 'options.windowSize is 5: there is no such option'],
  ])('are checked: %j', (options, message) => {
    expect(() => llmPointwise(options as never)).toThrow(message)
  })
})
