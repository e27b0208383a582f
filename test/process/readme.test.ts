import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { codeBlocks } from './code-blocks.ts'
import { maskTimings, wordsAndScores } from './printed-output.ts'
import { type Ended, runScript } from './run-script.ts'

const root = join(import.meta.dirname, '../..')

describe.each(['README.md', 'packages/core/README.md'])('the first program in %s', (file) => {
  const blocks = codeBlocks(readFileSync(join(root, file), 'utf8'))
  const [program, printed] = blocks.slice(blocks.findIndex(({ language }) => language === 'js'))
  let ended: Ended

  beforeAll(async () => {
    ended = await runScript(program?.code ?? '')
  })

  it('is followed by what it prints', () => {
    expect([program?.language, printed?.language]).toEqual(['js', 'text'])
    const [actual, promised] = [wordsAndScores(ended.stdout), wordsAndScores(printed?.code ?? '')]
    expect(actual.words).toBe(promised.words)
    expect(actual.scores).toHaveLength(promised.scores.length)
    for (const [at, score] of actual.scores.entries()) expect(score).toBeCloseTo(promised.scores[at] ?? NaN, 1)
  })

  it('ends well and writes nothing to stderr', () => {
    expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: '' })
  })

  it('is the quickstart example', () => {
    const quickstart = readFileSync(join(root, 'examples/quickstart.mjs'), 'utf8')
    expect(quickstart).toContain(program?.code.trim())
  })
})

describe('the masks', () => {
  it('hide durations and nothing else', () => {
    expect(maskTimings('one 12.3 ms, two 4 ms, score 0.98, 3 items\n')).toBe('one # ms, two # ms, score 0.98, 3 items')
  })

  it('keep scores apart from words', () => {
    expect(wordsAndScores('0.98 a 12\n-1.5 b in 7 ms')).toEqual({
      words: '<score> a 12\n<score> b in # ms',
      scores: [0.98, -1.5],
    })
  })
})
