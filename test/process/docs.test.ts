import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codeBlocks } from './code-blocks.ts'
import { wordsAndScores } from './printed-output.ts'
import { runScript } from './run-script.ts'

const folder = join(import.meta.dirname, '../../docs')
const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'))

/** Every program of a page, with the output that the page promises below it. */
const programs = pages.flatMap((page) => {
  const blocks = codeBlocks(readFileSync(join(folder, page), 'utf8'))
  return blocks.flatMap(({ language, code }, at) =>
    // A tutorial has the command that runs the program between the two.
    language === 'js' ? [{ page, code, printed: blocks.slice(at + 1).find((block) => block.language !== 'sh') }] : [],
  )
})

it('every page about a policy has a program', () => {
  const withProgram = new Set(programs.map(({ page }) => page))
  const policies = pages.filter((page) => page.startsWith('skip-policies') && !page.endsWith('README.md'))
  expect(policies).toHaveLength(9)
  expect(policies.filter((page) => !withProgram.has(page))).toEqual([])
})

describe.each(programs)('the program in docs/$page', ({ page, code, printed }) => {
  it('ends well, says nothing on stderr and prints what stands below it', async () => {
    const ended = await runScript(code, page.startsWith('tutorials') ? { folder: 'examples' } : {})
    expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(printed?.language).toBe('text')
    const [actual, promised] = [wordsAndScores(ended.stdout), wordsAndScores(printed?.code ?? '')]
    expect(actual.words).toBe(promised.words)
    expect(actual.scores).toHaveLength(promised.scores.length)
    for (const [at, score] of actual.scores.entries()) expect(score).toBeCloseTo(promised.scores[at] ?? NaN, 1)
  })
})
