import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { awaited, golden } from '../models/golden.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/model-folders.md'), 'utf8')

/** The public models that are tried, and whether there are numbers to compare with. */
function list(): string {
  const rows = new Map<string, string>()
  for (const { model } of golden) rows.set(model, `| \`${model}\` | published |`)
  for (const { model, dtype } of awaited) {
    const name = dtype === undefined ? `\`${model}\`` : `\`${model}\` (${dtype})`
    rows.set(name, `| ${name} | to be computed, by \`test/models/compute.py\` |`)
  }
  return ['| model | numbers |', '| --- | --- |', ...rows.values()].join('\n')
}

/** Without the blanks that line columns up. */
const bare = (text: string): string =>
  text
    .replaceAll(/ *\| */g, '|')
    .replaceAll(/-{3,}/g, '---')
    .trim()

test('the page lists the models that are tried', () => {
  const [, shown = ''] = /<!-- models: [^\n]*-->([\s\S]*?)<!-- end/.exec(page) ?? []
  expect(bare(shown), `write this into docs/model-folders.md:\n${list()}`).toBe(bare(list()))
})
