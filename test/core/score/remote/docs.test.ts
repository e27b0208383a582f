import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as client from 'cohere-ai'
import ts from 'typescript'
import * as yaml from 'yaml'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as secondpass from '../../../../packages/core/src/index.ts'

const page = readFileSync(join(import.meta.dirname, '../../../../docs/providers.md'), 'utf8')
const examples = [...page.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1] as string)
const modules: Record<string, unknown> = { '@secondpass/core': secondpass, 'cohere-ai': client, yaml }

/** An answer in which every vendor finds its rows. */
async function answer(_url: unknown, init: RequestInit): Promise<Response> {
  const texts = Object.values(JSON.parse(init.body as string) as object).find(Array.isArray) as unknown[]
  const rows = texts.map((_, index) => ({ index, relevance_score: 0.5, score: 0.5, logit: 0 }))
  return Response.json({ results: rows, data: rows, rankings: rows, meta: { billed_units: { search_units: 1 } } })
}

afterEach(() => vi.unstubAllGlobals())

describe('the examples of docs/providers.md', () => {
  it('are there', () => {
    expect(examples.length).toBeGreaterThanOrEqual(6)
  })

  it.each(examples)('run: %s', async (example) => {
    vi.stubGlobal('fetch', answer)
    const names = [...example.matchAll(/^(?:const|let) (?:\{([^}]+)\}|(\w+))/gm)]
      .flatMap(([, several, one]) => several?.split(',') ?? [one as string])
      .map((name) => name.trim())
    const code = example.replaceAll(/import (\{[^}]+\}) from ('[^']+')/g, 'const $1 = modules[$2]')
    const script = ts.transpile(code, { target: ts.ScriptTarget.ES2022 })
    // oxlint-disable-next-line typescript/no-implied-eval -- The code is that of the page; running it is the test.
    const run = new Function('modules', `return (async () => { ${script}\nreturn { ${names.join(', ')} } })()`)
    const values = (await run(modules)) as Record<string, unknown>
    for (const name of names) expect(values[name], name).toBeDefined()
  })

  it('name every dialect and every option of price', () => {
    const dialects = ['tei', 'vllm', 'vllm-score', 'infinity', 'llamacpp', 'nim', 'huggingface']
    const prices = ['pricePerSearchUnit', 'pricePerMillionTokens', 'pricePerRerankUnit']
    for (const name of [...dialects, ...prices]) expect(page).toContain(`\`${name}\``)
  })
})
