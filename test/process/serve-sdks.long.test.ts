import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, expect, it, onTestFinished } from 'vitest'
import { startReplica } from './servers.ts'

/** Client libraries that are too heavy to be at hand: installed from their registries, and pointed at the server for real. */
const documents = [
  'Invoices are sent by email on the first of the month.',
  'Open Settings, then Security, to choose a new password.',
  'The battery lasts about a year in daily use.',
]
const query = 'How do I choose a new password?'

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'secondpass-sdk-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** Runs a command; a test whose packages cannot be had is skipped and says so. */
function needed(context: TestContext, [file = '', ...args]: readonly string[], cwd: string): void {
  const { status, stderr } = spawnSync(file, args, { cwd, encoding: 'utf8' })
  if (status === 0) return
  const why = `${file} ${args.join(' ')}: ${stderr.trim().split('\n').at(-1) ?? ''}`
  console.log(`left out, since it could not be installed: ${why}`)
  context.skip(why)
}

function run<T>([file = '', ...args]: readonly string[], cwd: string): T {
  const { status, stdout, stderr } = spawnSync(file, args, { cwd, encoding: 'utf8' })
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T
}

const model = ['--model', 'bundled-tiny', '--workers', '1']

describe("LangChain's CohereRerank", () => {
  it('reranks and compresses', async (context) => {
    const at = folder()
    writeFileSync(join(at, 'package.json'), JSON.stringify({ type: 'module', private: true }))
    const packages = ['@langchain/cohere@1.0.5', '@langchain/core@1.2.13', 'cohere-ai@7']
    needed(context, ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...packages], at)
    const { url } = await startReplica(model)
    writeFileSync(
      join(at, 'ask.mjs'),
      `import { CohereClient } from 'cohere-ai'
      import { CohereRerank } from '@langchain/cohere'
      import { Document } from '@langchain/core/documents'
      const client = new CohereClient({ environment: ${JSON.stringify(url)}, token: 'any' })
      const compressor = new CohereRerank({ client, model: 'any', topN: 2 })
      const documents = ${JSON.stringify(documents)}.map((pageContent) => new Document({ pageContent }))
      const query = ${JSON.stringify(query)}
      const rows = await compressor.rerank(documents, query, { topN: 3 })
      const kept = await compressor.compressDocuments(documents, query)
      console.log(JSON.stringify({ rows, kept: kept.map(({ pageContent, metadata }) => [pageContent, metadata.relevanceScore]) }))`,
    )
    const { rows, kept } = run<{ rows: { index: number; relevanceScore: number }[]; kept: [string, number][] }>(
      [process.execPath, 'ask.mjs'],
      at,
    )
    expect(new Set(rows.map(({ index }) => index))).toEqual(new Set([0, 1, 2]))
    expect(rows[0]?.index).toBe(1)
    expect(kept).toEqual(rows.slice(0, 2).map(({ index, relevanceScore }) => [documents[index], relevanceScore]))
  })
})

describe('LiteLLM', () => {
  it('reaches it under every prefix that can be pointed somewhere', async (context) => {
    const at = folder()
    needed(context, ['python3', '-m', 'venv', 'venv'], at)
    const python = join(at, 'venv/bin/python')
    needed(context, [python, '-m', 'pip', 'install', '--quiet', '--no-cache-dir', 'litellm==1.110.2'], at)
    const { url } = await startReplica([...model, '--served-model-name', 'ours'])
    writeFileSync(
      join(at, 'ask.py'),
      `import json, os
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm
url, query, documents = ${JSON.stringify(url)}, ${JSON.stringify(query)}, ${JSON.stringify(documents)}
prefixes = {
    "hosted_vllm": url, "cohere": url, "jina_ai": url + "/v1/rerank",
    "infinity": url, "huggingface": url, "azure_ai": url,
}
answers = {}
for prefix, base in prefixes.items():
    answer = litellm.rerank(model=prefix + "/any", query=query, documents=documents, top_n=3,
                            return_documents=False, api_base=base, api_key="any")
    rows = answer.results if hasattr(answer, "results") else answer["results"]
    answers[prefix] = [[row["index"], row["relevance_score"]] for row in rows]
print(json.dumps(answers))
`,
    )
    const answers = run<Record<string, [number, number][]>>([python, 'ask.py'], at)
    const response = await fetch(`${url}/v1/rerank`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, documents }),
    })
    const { results } = (await response.json()) as { results: { index: number; relevance_score: number }[] }
    const right = results.map(({ index, relevance_score: score }) => [index, score])
    const prefixes = ['hosted_vllm', 'cohere', 'jina_ai', 'infinity', 'huggingface', 'azure_ai']
    expect(answers).toEqual(Object.fromEntries(prefixes.map((prefix) => [prefix, right])))
  })
})
