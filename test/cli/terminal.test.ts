import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable, printableLine } from '../../packages/cli/src/printable.ts'
import { sized } from '../fixtures/size.ts'
import { beirFolder } from './beir-folder.ts'
import { folderWith, jsonl, run, sharedWords } from './support.ts'

/** Clears the screen, colours, sets the title in two ways, rings, goes back, turns the direction, hides, ends the line. */
const hostile = 'a\u001b[2Jb\u001b]0;t\u0007c\u009b31md\re\u202ef\u2066g\u200fh\u2028i\ufeffj\u{e0041}k\u007fl\u0000m'
const unsafe =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/u

describe('a text that may stand on a terminal', () => {
  it('has nothing that could play with it, and shows what was there', () => {
    expect(unsafe.test(hostile)).toBe(true)
    expect(printableLine(`${hostile}\n\t`)).not.toMatch(unsafe)
    expect(printableLine('\u001b[2J\n\u202e')).toBe('\\u001b[2J\\u000a\\u202e')
    expect(printable('one\n\ttwo é 日本 😀 \u200d')).toBe('one\n\ttwo é 日本 😀 \u200d')
  })

  it('is the same JSON, when it is JSON', () => {
    const text = fc
      .array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...Array.from(hostile))))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.dictionary(text, fc.oneof(text, fc.integer())), (value) => {
        const shown = printable(JSON.stringify(value))
        expect(shown).not.toMatch(unsafe)
        expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
      { numRuns: sized(300, 10_000) },
    )
  })
})

describe('what the command line prints', () => {
  const failing = `export default { id: 'x', scope: 'pair', score: () => Promise.reject(new Error(${JSON.stringify(hostile)})) }`

  it('of ids and texts on a terminal is safe, and for a program is what was given', async () => {
    const at = folderWith({ 's.mjs': sharedWords })
    // JSON.stringify writes out what JSON forbids, and nothing else.
    const stdin = jsonl({ id: hostile, text: hostile, [hostile]: hostile })
    const args = ['rerank', 'a lamp', '--scorer', at('s.mjs')]
    const [shown, piped] = [await run(args, { stdin, terminal: true }), await run(args, { stdin })]
    expect(shown.stdout).not.toMatch(unsafe)
    expect(JSON.parse(shown.stdout)).toEqual(JSON.parse(piped.stdout))
    expect(piped.stdout).toContain(stdin.trim())
  })

  it.each([
    ['an argument', ['rerank', 'q', '--top-n', hostile]],
    ['a command', [hostile]],
    ['an option', ['rerank', 'q', `--${hostile}`]],
    ['a file', ['rerank', '--input', `no-such-${hostile.replaceAll('\u0000', '')}`]],
    ['a module', ['rerank', 'q', '--scorer', `./${hostile.replaceAll('\u0000', '')}.mjs`]],
    ['a model', ['fetch-model', hostile]],
  ])('of %s is safe', async (_what, args) => {
    const { code, stdout, stderr } = await run(args)
    expect({ code: code > 0, stdout }).toEqual({ code: true, stdout: '' })
    expect(stderr).not.toMatch(unsafe)
    expect(stderr).toContain('\\u001b[2Jb')
    expect(stderr.split('\n')).toHaveLength(2)
  })

  it('of the error of a service is safe, with its stack too', async () => {
    const at = folderWith({ 's.mjs': failing })
    for (const flags of [[], ['--verbose'], ['--on-error', 'keep-order']]) {
      const { stderr } = await run(['rerank', 'q', '--scorer', at('s.mjs'), ...flags], { stdin: '"a"\n' })
      expect(stderr).not.toMatch(unsafe)
      expect(stderr).toContain('\\u001b[2Jb')
    }
  })

  it('of bad lines, ids and names of files in evaluations is safe', async () => {
    const { at, folder, scorer } = beirFolder(12)
    const name = hostile.replaceAll('\u0000', '').replaceAll('/', '')
    const said = await Promise.all([
      run(['eval', '--qrels', `${folder}/qrels/test.tsv`, '--run', at(name)]),
      run(['eval', '--beir', folder, '--scorer', scorer, '--state', at(name), '--json'], { terminal: true }),
      run(['calibrate', '--beir', folder, '--scorer', scorer, '--state', at(`${name}3`), '--output', at(`${name}2`)]),
      run(['rerank', 'q', '--scorer', scorer, '--bad-lines', 'skip'], { stdin: `${hostile}\n{"text":1}\n` }),
    ])
    for (const { stdout, stderr } of said) expect(stdout + stderr).not.toMatch(unsafe)
    expect(readFileSync(at(`${name}2`), 'utf8')).toContain('"scorerId"')
  })
})
