import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mustRun, root, run } from './commands.ts'
import { packAll } from './packed.ts'

/*
 * @secondpass/ai-sdk as a stranger has it, with each major version of the AI SDK. Version 7 asks for Node.js 22, which
 * comes from the npm package `node`.
 */

const packed = packAll()
const folders: string[] = []
afterAll(() => {
  packed.remove()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const [, example = ''] =
  /^```js\n([\s\S]*?)^```$/m.exec(readFileSync(join(root, 'packages/ai-sdk/README.md'), 'utf8')) ?? []

/** Every way in which a model reaches the AI SDK, one line of JSON. */
const program = `
  import { createProviderRegistry, customProvider, rerank } from 'ai'
  import { createSecondpass, secondpass } from '@secondpass/ai-sdk'
  import { cohere, ProviderError } from '@secondpass/core'

  globalThis.AI_SDK_LOG_WARNINGS = ({ warnings }) => warned.push(...warnings.map(({ type }) => type))
  const warned = []
  const query = 'when does the lamp turn off'
  const documents = ['The lamp is red.', 'The lamp turns itself off after ten minutes.']
  const first = async (model, more) => (await rerank({ model, query, documents, ...more })).ranking[0].originalIndex

  let asked = 0
  const fetch = async () => {
    asked += 1
    if (asked < 3) return new Response('{"message":"busy"}', { status: 503, headers: { 'retry-after': '0' } })
    return Response.json({ results: [{ index: 1, relevance_score: 0.9 }, { index: 0, relevance_score: 0.1 }] })
  }
  const service = cohere({ apiKey: 'a-key-for-tests', fetch, maxRetries: 0 })
  const own = createSecondpass({ models: { service } })
  const registry = createProviderRegistry({ secondpass: own })
  const tiny = secondpass.reranking('bundled-tiny')
  const app = customProvider({ rerankingModels: { tiny } })
  const wrong = await rerank({ model: tiny, query, documents, providerOptions: { secondpass: { scores: [1] } } }).catch((e) => e.code)
  const { providerMetadata } = await rerank({ model: tiny, query, documents, providerOptions: { secondpass: { scores: [2, 1] } } })
  const controller = new AbortController()
  controller.abort(new Error('gone'))
  console.log(JSON.stringify({
    bundled: await first(tiny),
    registry: await first(registry.rerankingModel('secondpass:bundled-tiny')),
    custom: await first(app.rerankingModel('tiny')),
    service: [await first(registry.rerankingModel('secondpass:service')), asked],
    objects: await first(tiny, { documents: documents.map((body) => ({ body })) }),
    blended: providerMetadata.secondpass.report.stages[0].blended,
    aborted: await rerank({ model: tiny, query, documents, abortSignal: controller.signal }).catch((e) => e.message),
    noLanguageModel: (() => { try { registry.languageModel('secondpass:x') } catch (e) { return e.name } })(),
    wrong,
    warned,
  }))
  await secondpass.close()
  await own.close()
`

const typed = `
  import { createProviderRegistry, customProvider, rerank } from 'ai'
  import { type SecondpassCallOptions, secondpass } from '@secondpass/ai-sdk'

  export const registry = createProviderRegistry({ secondpass })
  export const app = customProvider({ rerankingModels: { tiny: secondpass.reranking('bundled-tiny') } })
  export const { ranking }: { ranking: { originalIndex: number; score: number; document: string }[] } = await rerank({
    model: secondpass.reranking('bundled', { minScore: 0.2 }),
    query: 'q',
    documents: ['a', 'b'],
    providerOptions: { secondpass: { scores: [1, null], deadlineMs: 500 } satisfies SecondpassCallOptions },
  })
  // @ts-expect-error -- there is no such setting
  secondpass.reranking('bundled', { depht: 5 })
`

describe.each([
  ['6', '6.0.326', undefined],
  ['7', '7.0.173', '22'],
])('with ai %s', (_major, version, node) => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), `secondpass-ai-${version}-`))
    folders.push(folder)
    mkdirSync(join(folder, 'packed'))
    const ours = packed.packages.map(({ manifest, tarball }) => {
      cpSync(tarball, join(folder, 'packed', basename(tarball)))
      return [manifest.name, `file:./packed/${basename(tarball)}`]
    })
    const others = { ai: version, typescript: '5.9.3', '@types/node': '^22', ...(node && { node }) }
    const manifest = {
      name: 'stranger',
      private: true,
      type: 'module',
      dependencies: { ...Object.fromEntries(ours), ...others },
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    mustRun(['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund'], folder, {
      ONNXRUNTIME_NODE_INSTALL: 'skip',
    })
  })
  const runtime = (): string => (node === undefined ? process.execPath : join(folder, 'node_modules/node/bin/node'))
  const outputOf = (code: string): string => {
    writeFileSync(join(folder, 'program.js'), code)
    const { status, stdout, stderr } = run([runtime(), 'program.js'], folder)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return stdout
  }

  it('is that version, on the Node.js that it asks for', () => {
    const { version: found, engines } = JSON.parse(
      readFileSync(join(folder, 'node_modules/ai/package.json'), 'utf8'),
    ) as {
      version: string
      engines: { node: string }
    }
    expect(found).toBe(version)
    const least = Number(/\d+/.exec(engines.node)?.[0])
    expect(Number(/\d+/.exec(mustRun([runtime(), '--version'], folder))?.[0])).toBeGreaterThanOrEqual(least)
  })

  it('the example of the README runs', () => {
    expect(example.trim().split('\n').length).toBeLessThanOrEqual(10)
    expect(outputOf(example)).toMatch(/originalIndex: 1,\s+score: 0\.\d+,\s+document: 'To set a new password/)
  })

  it('models, registries, a service that is busy, objects, scores, aborts and errors do what they should', () => {
    expect(JSON.parse(outputOf(program))).toEqual({
      bundled: 1,
      registry: 1,
      custom: 1,
      service: [1, 3],
      objects: 1,
      blended: true,
      aborted: 'gone',
      noLanguageModel: 'AI_NoSuchModelError',
      wrong: 'invalid-argument',
      warned: ['compatibility'],
    })
  })

  it('the compiler takes it', () => {
    writeFileSync(join(folder, 'typed.ts'), typed)
    const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', '--target', 'es2023']
    const tsc = [runtime(), 'node_modules/typescript/bin/tsc', ...options, '--module', 'nodenext', 'typed.ts']
    const { status, stdout } = run(tsc, folder)
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  })
})
