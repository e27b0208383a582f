import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const folder = join(import.meta.dirname, '../../examples')

/** Where redis-server is not installed, the example says so: then only that is tested. */
const hasRedis = spawnSync('redis-server', ['--version']).status === 0

/** Lines that each example must print. They hold scores only where no model could change them. */
const promises: Record<string, RegExp[]> = {
  'quickstart.mjs': [/^0\.\d\d {2}was 3 {2}To set a new password, open Settings/m, /^4 texts read in \d+ ms$/m],
  'ai-sdk.mjs': [/originalIndex: 1,\s+score: 0\.\d+,\s+document: 'To set a new password/],
  'langchain-retriever.mjs': [
    /^The vector store alone\n {4}- {4}\S/m,
    /^RerankRetriever\n {2}0\.\d{3} {2}Billing: when a card is declined$/m,
    /^ContextualCompressionRetriever\n {2}0\.\d{3} {2}Billing: when a card is declined$/m,
  ],
  'llamaindex-query-engine.mjs': [
    /^\(an answer made from the sources\)\n {2}0\.\d{3} {2}Billing: when a card is declined$/m,
  ],
  'redis-cache.mjs': hasRedis
    ? [
        /^First process, 20 passages: 0 from Redis, 20 read by the model; best: Billing: when a card is declined$/m,
        /^Another process, the same: 20 from Redis, 0 read by the model; best: Billing: when a card is declined$/m,
        /^A third one, 30 passages: 20 from Redis, 10 read by the model; best: Billing: when a card is declined$/m,
      ]
    : [/^redis-server is not installed here: nothing to show\.$/m],
  'remote-rerankers.mjs': [
    /^vendor: ranked, requests 1, searchUnits 1, cost 0\.002\n {2}1\. Billing: when a card is declined$/m,
    /^own server: ranked, requests 4\n {2}1\. Billing: when a card is declined$/m,
    /^language model: ranked, texts 30, .*calls 2, ok 2, .*\n {2}1\. Billing: when a card is declined$/m,
  ],
  'skip-policy.mjs': [
    /^TD-4130\n {2}skipped: clear-margin \(.*\)\n {2}1\. Troubleshooting: error codes$/m,
    /^What happens if my credit card expires\?\n {2}ranked: \d+ pairs read by the model\n {2}1\. Billing: when a card is declined$/m,
  ],
}

describe.each(Object.entries(promises))('examples/%s', (name, lines) => {
  it('runs as it is, says nothing on stderr, and prints what it promises', () => {
    const ended = spawnSync(process.execPath, [join(folder, name)], { encoding: 'utf8' })
    expect({ status: ended.status, stderr: ended.stderr }).toEqual({ status: 0, stderr: '' })
    for (const line of lines) expect(ended.stdout).toMatch(line)
  })
})

it('leaves no example unchecked', () => {
  const elsewhere = ['demo.mjs', 'passages.mjs']
  const files = readdirSync(folder).filter((file) => file.endsWith('.mjs') && !elsewhere.includes(file))
  expect(files.toSorted()).toEqual(Object.keys(promises).toSorted())
})

describe.each([
  ['ai-sdk', 'ai-sdk.mjs'],
  ['langchain', 'langchain-retriever.mjs'],
  ['llamaindex', 'llamaindex-query-engine.mjs'],
])('the code in the README of packages/%s', (name, example) => {
  const readme = readFileSync(join(folder, '../packages', name, 'README.md'), 'utf8')
  const lines = [...readme.matchAll(/^```js\n([\s\S]*?)^```$/gm)].flatMap(([, code = '']) => code.trim().split('\n'))
  const running = readFileSync(join(folder, example), 'utf8')

  it(`stands in examples/${example}, which runs`, () => {
    const imports = lines.filter((line) => line.startsWith('import '))
    const ours = imports.filter((line) => line.endsWith(`'@secondpass/${name}'`))
    const names = ours.flatMap((line) => /\{ (.*) \}/.exec(line)?.[1]?.split(', ') ?? [])
    expect(names).not.toEqual([])
    for (const imported of names)
      expect(running).toMatch(new RegExp(`^import .*\\b${imported}\\b.*'@secondpass/${name}'$`, 'm'))
    for (const line of lines) if (!ours.includes(line)) expect(running).toContain(line)
  })
})
