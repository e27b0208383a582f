import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readImports } from '../../../architecture/read-imports.ts'

const folder = join(import.meta.dirname, '../../../../packages/core/src/score/remote')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))

it('has files to look at', () => {
  expect(files).toContain('http.ts')
})

/** Packages that a vendor's file loads where someone has installed them; both run without Node. */
const optional: Readonly<Record<string, string[]>> = {
  'vendors/bedrock.ts': ['aws4fetch'],
  'vendors/cohere.ts': ['cohere-ai'],
}

// Browsers and edge runtimes have none of it.
it.each(files)('%s needs nothing of Node', (name) => {
  const source = readFileSync(join(folder, name), 'utf8')
  const packages = readImports(source)
    .map(({ specifier }) => specifier)
    .filter((specifier) => !specifier.startsWith('.'))
  expect([...new Set(packages)]).toEqual(optional[name] ?? [])
  expect(source).not.toMatch(/\b(Buffer|setImmediate|__dirname|require)\b|[^ ] process\.|import\.meta/)
})
