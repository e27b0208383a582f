import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** Every source file of the packages, with the pieces of its long messages put together, as they are read. */
const sources = readdirSync(join(root, 'packages')).flatMap((name) => {
  const folder = join(root, 'packages', name, 'src')
  const files = readdirSync(join(root, 'packages', name)).includes('src')
    ? readdirSync(folder, { recursive: true })
    : []
  return files
    .map(String)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8').replaceAll(/['"`] \+\n\s*['"`]/g, ''))
})

const page = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8')
const sections = page.split(/^## /m).slice(1)

/** The messages in the first column of a section's table: what stands there as code and is a sentence. */
function messagesOf(section: string): string[] {
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `') || line.startsWith('| …'))
    .flatMap((line) => [...(line.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, message = '']) => message))
    .filter((message) => message.includes(' '))
}

/** Whether a source file has all that is fixed in a message, in this order. */
function isIn(source: string, message: string): boolean {
  let at = 0
  for (const part of message.split('…').map((one) => one.trim().replace(/^[,:]+ ?/, ''))) {
    if (part.length < 3) continue
    const found = source.indexOf(part, at)
    // What follows may stand further up: the fix of a message is often written before it.
    if (found < 0 && !source.includes(part)) return false
    at = found < 0 ? 0 : found
  }
  return true
}

const notOurs = ['Nothing is wrong', 'While installing']

describe('docs/troubleshooting.md', () => {
  const ours = sections.filter((section) => !notOurs.some((title) => section.startsWith(title)))
  const messages = ours.flatMap(messagesOf)

  it('quotes messages that the sources have', () => {
    expect(messages.length).toBeGreaterThan(80)
    expect(messages.filter((message) => !sources.some((source) => isIn(source, message)))).toEqual([])
  })

  it('has a section for every code of an error', () => {
    const errors = readFileSync(join(root, 'packages/core/src/base/errors.ts'), 'utf8')
    const union = /RerankErrorCode =([\s\S]*?)\n\n/.exec(errors)?.[1] ?? ''
    const codes = [...union.matchAll(/\| '([\w-]+)'/g)].map(([, code = '']) => code)
    expect(codes).toHaveLength(7)
    expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([])
  })
})
