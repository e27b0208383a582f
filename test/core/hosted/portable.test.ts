import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readImports } from '../../house/read-imports.ts'

const folder = join(import.meta.dirname, '../../../packages/core/src/score/hosted')
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'))

it('has files to look at', () => {
  expect(files).toContain('http.ts')
})

// Browsers and edge runtimes have none of it.
it.each(files)('%s needs nothing of Node', (name) => {
  const source = readFileSync(join(folder, name), 'utf8')
  const packages = readImports(source)
    .map(({ specifier }) => specifier)
    .filter((specifier) => !specifier.startsWith('.'))
  expect([...new Set(packages)]).toEqual(name === 'cohere-client.ts' ? ['cohere-ai'] : [])
  expect(source).not.toMatch(/\b(Buffer|setImmediate|__dirname|require)\b|[^ ] process\.|import\.meta/)
})
