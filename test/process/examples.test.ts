import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isFull } from '../fixtures/size.ts'

const folder = join(import.meta.dirname, '../../examples')

/** Node.js 22.18 and newer run TypeScript as it is; before, readers and this test take tsx. */
const typed = 'typescript' in process.features && process.features.typescript ? [] : ['--import', 'tsx']

/** Limits of time are for people who wait, not for machines that are busy. */
const patient = {
  ...process.env,
  DEADLINE_MS: '1000000',
  VENDOR_MS: '1000000',
  CO_API_KEY: undefined,
  REDIS_URL: undefined,
}

function ended(name: string, env: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
  const flags = name.endsWith('.ts') ? typed : []
  return spawnSync(process.execPath, [...flags, name], { cwd: folder, encoding: 'utf8', env: { ...patient, ...env } })
}

const best = 'Billing: when a card is declined'

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
  'remote-rerankers.mjs': [
    /^vendor: ranked, requests 1, searchUnits 1, cost 0\.002\n {2}1\. Billing: when a card is declined$/m,
    /^own server: ranked, requests 4\n {2}1\. Billing: when a card is declined$/m,
    /^language model: ranked, texts 30, .*calls 2, ok 2, .*\n {2}1\. Billing: when a card is declined$/m,
  ],
  'pipeline.ts': [
    /^What happens if my credit card expires\?\n34 passages found, 5 in a prompt of \d+ characters:$/m,
    new RegExp(`^  \\[1\\] was \\d+  ${best}$`, 'm'),
  ],
  'agent-loop.ts': [
    /^First agent\n.*expires\? 0 scores from the cache, 20 texts read\n.*invoice\? 0 scores .*, 20 texts read\n.*expires\? 20 scores from the cache, 0 texts read\n {2}4 steps: See "Billing: when a card is declined"\.$/m,
    /^Second agent\n.*expires\? 20 scores from the cache, 0 texts read$/m,
  ],
  'document-then-chunk.ts': [
    /expires\? \(10 documents, \d+ windows read\)\n {2}1\. Billing, \d{4} characters$/m,
    new RegExp(`^Of the 6 paragraphs of "Billing":\\n  0\\.\\d{3}  from character 1717: ${best}$`, 'm'),
  ],
  'cohere-with-fallback.ts': [
    new RegExp(`^The service is there: ${best}\\n  by cohere:rerank-v5\\.0-fast@127\\.0\\.0\\.1:\\d+$`, 'm'),
    new RegExp(`^It is down: ${best}\\n  by model-en-mini@\\w+, for ProviderError: .*\\(ECONNREFUSED\\)`, 'm'),
    new RegExp(
      `^And now it rests: ${best}\\n  by model-en-mini@\\w+, for RerankError: .* is left alone for up to 30000 ms`,
      'm',
    ),
  ],
  'opentelemetry.ts': [
    /^answer a question\nsecondpass\.rerank, below "answer a question"\n/m,
    /^rerank model-en-mini@\w+, below "secondpass\.rerank"\n[^"]* {2}secondpass\.candidates: 20\n/m,
    /^metric secondpass\.rerank\.duration s$/m,
  ],
  'redis-cache.ts': [
    new RegExp(`^First process, 20 passages: 0 from the cache, 20 read by the model; best: ${best}$`, 'm'),
    new RegExp(`^Another process, the same: 20 from the cache, 0 read by the model; best: ${best}$`, 'm'),
    new RegExp(`^A third one, 30 passages: 20 from the cache, 10 read by the model; best: ${best}$`, 'm'),
  ],
  'skip-policy.mjs': [
    /^TD-4130\n {2}skipped: clear-margin \(.*\)\n {2}1\. Troubleshooting: error codes$/m,
    /^What happens if my credit card expires\?\n {2}ranked: \d+ pairs read by the model\n {2}1\. Billing: when a card is declined$/m,
  ],
}

/** One in TypeScript is enough for every day. */
const tried = Object.entries(promises).filter(([name]) => isFull || name.endsWith('.mjs') || name === 'pipeline.ts')

describe.each(tried)('examples/%s', (name, lines) => {
  it('runs as it is, says nothing on stderr, and prints what it promises', () => {
    const { status, stdout, stderr } = ended(name)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const line of lines) expect(stdout).toMatch(line)
  })
})

it.runIf(isFull)('examples/redis-cache.ts keeps scores in this process, and says so, where there is no Redis', () => {
  const nowhere = mkdtempSync(join(tmpdir(), 'secondpass-path-'))
  const { status, stdout, stderr } = ended('redis-cache.ts', { PATH: nowhere })
  rmSync(nowhere, { recursive: true })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/^There is no Redis here: scores are kept in this process alone\.$/m)
  for (const line of promises['redis-cache.ts'] ?? []) expect(stdout).toMatch(line)
})

it('leaves no example unchecked', () => {
  const elsewhere = ['demo.mjs', 'passages.mjs']
  const files = readdirSync(folder).filter((file) => /\.(mjs|ts)$/.test(file) && !elsewhere.includes(file))
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
