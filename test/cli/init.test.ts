import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { kinds } from '../../packages/cli/src/init/templates.ts'
import { folderWith, run } from './support.ts'

const root = join(import.meta.dirname, '../..')

/** A project that has our packages, and those that they are for. */
function project(files: Readonly<Record<string, string>> = {}): (name: string) => string {
  const at = folderWith({ 'package.json': '{}', ...files })
  const link = (name: string, target: string): void => {
    mkdirSync(dirname(at(`node_modules/${name}`)), { recursive: true })
    symlinkSync(target, at(`node_modules/${name}`))
  }
  for (const name of ['core', 'langchain', 'llamaindex', 'ai-sdk'])
    link(`@secondpass/${name}`, join(root, 'packages', name))
  for (const name of ['ai', '@langchain/core', '@types']) link(name, join(root, 'node_modules', name))
  return at
}

/** Without the limit of time, which a busy machine takes to load a model. */
async function importPatient(path: string): Promise<unknown> {
  const text = readFileSync(path, 'utf8')
  expect(text).toContain('deadlineMs: 2000')
  writeFileSync(path, text.replace('deadlineMs: 2000', 'deadlineMs: Infinity'))
  return import(pathToFileURL(path).href)
}

const init = (at: (name: string) => string, ...more: string[]): ReturnType<typeof run> =>
  run(['init', '--folder', at('.'), ...more])

const question = 'How do I change my password?'
const passages = ['Passwords are stored as salted hashes.', 'To set a new password, open Settings, then Security.']

describe('secondpass init', () => {
  it.each([
    ['{}', 'rerank.mjs', 'plain'],
    ['{"type":"module","dependencies":{"@langchain/core":"1"}}', 'rerank-retriever.js', 'langchain'],
    ['{"devDependencies":{"typescript":"5"},"dependencies":{"ai":"6"}}', 'rerank.ts', 'ai-sdk'],
    ['{"dependencies":{"llamaindex":"0"}}', 'rerank-postprocessor.mjs', 'llamaindex'],
    ['{"dependencies":{"@llamaindex/core":"0"}}', 'rerank-postprocessor.mjs', 'llamaindex'],
    ['{"dependencies":{"@langchain/langgraph":"1"}}', 'rerank-retriever.mjs', 'langchain'],
    ['{"dependencies":{"next":"16","ai":"6"}}', 'app/api/rerank/route.js', 'nextjs'],
  ])('of %s writes %s', async (manifest, file, kind) => {
    const at = project({ 'package.json': manifest, 'pnpm-lock.yaml': '' })
    const { code, stdout, stderr } = await init(at)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(`Wrote ${at(file)} (${kind}).`)
    expect(stdout).toContain('\n  pnpm add @secondpass/')
    expect(readFileSync(at(file), 'utf8')).not.toMatch(/[⟨⟩]/)
    expect(readFileSync(at('package.json'), 'utf8')).toBe(manifest)
  })

  it('touches no file that is there, and prints instead of writing when asked', async () => {
    const at = project({ 'rerank.mjs': 'mine' })
    const refused = await init(at)
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 1, stdout: '' })
    expect(refused.stderr).toContain(`${at('rerank.mjs')} is there already`)
    expect(readFileSync(at('rerank.mjs'), 'utf8')).toBe('mine')
    const dry = await init(at, '--for', 'ai-sdk', '--dry-run')
    expect(dry.stdout).toContain("import { secondpass } from '@secondpass/ai-sdk'")
    expect(() => readFileSync(at('rerank.ts'))).toThrow()
  })

  it('says what to do where there is no project', async () => {
    const at = folderWith()
    const { code, stderr } = await init(at)
    expect(code).toBe(1)
    expect(stderr).toContain('there is no package.json in')
  })

  it.each(kinds)('writes TypeScript for %s that compiles in strict mode', async (kind) => {
    const at = project({ 'package.json': '{"type":"module"}', 'tsconfig.json': '{}' })
    const { stdout } = await init(at, '--for', kind)
    const [, file = ''] = /^Wrote (\S+) /.exec(stdout) ?? []
    const options: ts.CompilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.esnext.disposable.d.ts'],
      types: [],
    }
    const program = ts.createProgram([file], options)
    const faults = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
    expect(faults).toEqual([])
  })

  it('writes a program that reranks', async () => {
    const at = project()
    await init(at)
    const { rerank, reranker } = (await importPatient(at('rerank.mjs'))) as {
      rerank(question: string, passages: readonly { text: string }[]): Promise<{ text: string }[]>
      reranker: AsyncDisposable & { close(): Promise<void> }
    }
    const found = await rerank(
      question,
      passages.map((text) => ({ text })),
    )
    await reranker.close()
    expect(found.map(({ text }) => text)).toEqual(passages.toReversed())
  })

  it('writes a retriever for LangChain that reranks what a store finds', async () => {
    const at = project({ 'package.json': '{"dependencies":{"@langchain/core":"1"}}' })
    await init(at)
    const { withReranking } = (await importPatient(at('rerank-retriever.mjs'))) as {
      withReranking(store: unknown): {
        invoke(query: string): Promise<{ pageContent: string }[]>
        close(): Promise<void>
      }
    }
    const found = passages.map((pageContent, place) => [{ pageContent, metadata: {} }, 0.9 - place / 1000])
    const retriever = withReranking({ similaritySearchWithScore: async () => found })
    const documents = await retriever.invoke(question)
    await retriever.close()
    expect(new Set(documents.map(({ pageContent }) => pageContent))).toEqual(new Set(passages))
    expect(
      documents.every((document) => 'relevanceScore' in (document as unknown as { metadata: object }).metadata),
    ).toBe(true)
  })

  it('writes a postprocessor for LlamaIndex that reranks nodes', async () => {
    const at = project({ 'package.json': '{"dependencies":{"llamaindex":"0"}}' })
    await init(at)
    const { reranking } = (await importPatient(at('rerank-postprocessor.mjs'))) as {
      reranking: {
        postprocessNodes(nodes: unknown, query: string): Promise<{ node: { text: string } }[]>
        close(): Promise<void>
      }
    }
    const nodes = passages.map((text) => ({ node: { text, getContent: () => text } }))
    const ranked = await reranking.postprocessNodes(nodes, question)
    await reranking.close()
    expect(ranked.map(({ node }) => node.text)).toEqual(passages.toReversed())
  })

  it('writes a function for the AI SDK that reranks documents', async () => {
    const at = project({ 'package.json': '{"dependencies":{"ai":"6"}}' })
    await init(at)
    const { rerankDocuments } = (await importPatient(at('rerank.mjs'))) as {
      rerankDocuments(query: string, documents: readonly string[]): Promise<string[]>
    }
    expect(await rerankDocuments(question, passages)).toEqual(passages.toReversed())
  })

  it('writes a route that answers, and refuses what is no question', async () => {
    const at = project({ 'package.json': '{"type":"module","dependencies":{"next":"16"}}' })
    await init(at)
    const { POST, runtime } = (await importPatient(at('app/api/rerank/route.js'))) as {
      POST(request: Request): Promise<Response>
      runtime: string
    }
    const ask = (body: unknown): Promise<Response> =>
      POST(new Request('http://localhost/api/rerank', { method: 'POST', body: JSON.stringify(body) }))
    const answer = await ask({ query: 'where is the lamp', documents: ['nothing', 'the lamp is here'] })
    expect(await answer.json()).toMatchObject({ results: [{ index: 1, text: 'the lamp is here' }, { index: 0 }] })
    expect((await ask({ query: ' ', documents: [] })).status).toBe(400)
    expect((await ask(null)).status).toBe(400)
    const noJson = new Request('http://localhost/api/rerank', { method: 'POST', body: '{"query":' })
    expect((await POST(noJson)).status).toBe(400)
    expect(runtime).toBe('nodejs')
  })
})
