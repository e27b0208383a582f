import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bm25, createReranker, crossEncoder } from '@secondpass/core'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, noBrowser } from './browser.ts'

/** fp32 in WebAssembly against fp32 in Node.js; the largest seen was 2.5e-6. */
const FP32_TOLERANCE = 1e-4
/**
 * The int8 model. Other kernels round the last bit of a float otherwise, and where an activation is quantised that bit
 * may decide between two steps. Measured with a BERT of 6 layers: to move the parameters of its layer norms by a
 * millionth moves a logit by .07 at most and .03 in the mean square, the browser against Node.js by .09 and .04. Over all
 * that is no bias: .002 in the mean.
 */
const INT8_TOLERANCE = 0.25

interface Passage {
  readonly id: string
  readonly text: string
}
interface Served {
  readonly url: string
  close(): Promise<void>
}

const root = join(import.meta.dirname, '../..')
/** The examples are plain JavaScript. */
const example = async <T>(file: string): Promise<T> =>
  (await import(pathToFileURL(join(root, 'examples', file)).href)) as T
const { buildPage } = await example<{ buildPage(folder: string): Promise<void> }>('browser/build.mjs')
const { serve } = await example<{ serve(folder: string): Promise<Served> }>('browser/serve.mjs')
const { passages, questions } = await example<{
  passages: readonly Passage[]
  questions: readonly { readonly question: string; readonly answerId: string }[]
}>('passages.mjs')

const folder = mkdtempSync(join(tmpdir(), 'secondpass-browser-'))

/** A second page beside the example, which gives the test the whole front door. */
async function addProbe(): Promise<void> {
  const code = `import * as core from '@secondpass/core'; globalThis.core = core`
  const stdin = { contents: code, resolveDir: join(root, 'examples') }
  await build({ stdin, bundle: true, splitting: true, format: 'esm', outdir: join(folder, 'probe'), logLevel: 'error' })
  writeFileSync(join(folder, 'probe/index.html'), '<!doctype html><script type="module" src="stdin.js"></script>')
  for (const name of ['tiny-bert', 'tiny-bert-stock']) {
    cpSync(join(root, 'test/fixtures', name), join(folder, 'models', name), { recursive: true })
  }
}

describe.skipIf(noBrowser !== '')(`in a browser${noBrowser}`, () => {
  let browser: Browser
  let server: Served
  const faults: string[] = []
  const asked: string[] = []

  beforeAll(async () => {
    await buildPage(folder)
    await addProbe()
    server = await serve(folder)
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function open(path: string): Promise<Page> {
    const page = await browser.newPage()
    page.on('pageerror', ({ message }) => faults.push(message))
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(new URL(path, server.url).href)
    return page
  }

  describe('examples/browser', () => {
    let page: Page
    const question = questions[0]?.question as string

    beforeAll(async () => {
      page = await open('/')
      await page.waitForFunction(`!document.querySelector('#ask').disabled`, undefined, { timeout: 0 })
    })

    it('says when it is ready, and that it may use threads', async () => {
      expect(await page.textContent('#status')).toMatch(/^Ready after \d+\.\d s, with threads\.$/)
      expect(await page.evaluate('crossOriginIsolated')).toBe(true)
    })

    it('ranks as Node.js does, and stays free to do other things meanwhile', async () => {
      await page.fill('#question', question)
      await page.evaluate(WATCH_MAIN_THREAD)
      await page.click('#ask')
      await page.waitForFunction(`document.querySelectorAll('#results li').length === 5`, undefined, { timeout: 0 })
      const longestMs = await page.evaluate<number>('longestGapMs')
      const readMs = Number(/read in (\d+) ms/.exec((await page.textContent('#status')) ?? '')?.[1])
      expect(longestMs).toBeLessThan(readMs / 2)

      const shown = await page.$$eval('#results li', (items) =>
        items.map(({ dataset }) => ({ id: dataset['id'] as string, logit: Number(dataset['logit']) })),
      )
      const inNode = await rankInNode(question)
      expect(shown[0]?.id).toBe(questions[0]?.answerId)
      for (const { id, logit } of shown) {
        expect({ id, off: Math.abs(logit - (inNode.get(id) as number)) < INT8_TOLERANCE }).toEqual({ id, off: true })
      }
      // What is clearly further down in Node.js may not be among the five, or above another of them.
      const inOrder = shown.map(({ id }) => inNode.get(id) as number)
      for (const [at, logit] of inOrder.entries()) {
        expect(logit).toBeGreaterThan(Math.max(...inOrder.slice(at + 1), -Infinity) - 2 * INT8_TOLERANCE)
      }
      const left = [...inNode].filter(([id]) => !shown.some((item) => item.id === id)).map(([, logit]) => logit)
      expect(Math.min(...inOrder)).toBeGreaterThan(Math.max(...left) - 2 * INT8_TOLERANCE)
    })

    it('asks nobody but its own server', () => {
      expect(asked.filter((url) => new URL(url.replace(/^blob:/, '')).origin !== new URL(server.url).origin)).toEqual(
        [],
      )
      expect(faults).toEqual([])
    })
  })

  describe('the front door', () => {
    let page: Page
    beforeAll(async () => {
      page = await open('/probe/')
      await page.waitForFunction('globalThis.core !== undefined')
    })

    const texts = ['', 'A card is declined.', 'أين البطاقة؟ 卡 😀', 'The office opens at nine. '.repeat(40)]
    const inPage = (model: string, query: string): Promise<{ logits: number[]; id: string }> =>
      page.evaluate(`(async () => {
        const runtime = new URL('/wasm/ort-wasm-simd-threaded', location.href).href
        const wasmPaths = { mjs: runtime + '.mjs', wasm: runtime + '.wasm' }
        const scorer = core.withCache(core.transformers({ model: ${JSON.stringify(model)}, wasmPaths, threads: 1 }), new Map())
        const call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
        const logits = await scorer.score(${JSON.stringify(query)}, ${JSON.stringify(texts)}, call)
        await scorer.close()
        return { logits: [...logits], id: scorer.id }
      })()`)

    it.each(['tiny-bert', 'tiny-bert-stock'])('gives the scores of Node.js for %s', async (name) => {
      const query = 'why is my card declined'
      const { logits, id } = await inPage(`/models/${name}/`, query)
      await using scorer = crossEncoder({ model: join(root, 'test/fixtures', name) })
      const call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
      const inNode = await scorer.score(query, texts, call)
      expect(id).toBe(`/models/${name}:transformers:wasm:default`)
      for (const [at, logit] of logits.entries())
        expect(Math.abs(logit - (inNode[at] as number))).toBeLessThan(FP32_TOLERANCE)
    })

    it('says what is missing from a folder', async () => {
      await expect(inPage('/models/none/', 'query')).rejects.toThrow(
        /did not load "\/models\/none\/" .*: check that the folder holds/,
      )
    })

    it('says what to use instead of the cross-encoder', async () => {
      await expect(page.evaluate(`core.createReranker().rerank('query', ['text'])`)).rejects.toThrow(
        /use transformers\(/,
      )
    })
  })
})

/** Counts how long the page could do nothing else, from now on. */
const WATCH_MAIN_THREAD = `
  globalThis.longestGapMs = 0
  let last = performance.now()
  setInterval(() => {
    const now = performance.now()
    globalThis.longestGapMs = Math.max(globalThis.longestGapMs, now - last)
    last = now
  }, 5)`

/** The logits of what the example reads, by the id of the passage. */
async function rankInNode(question: string): Promise<Map<string, number>> {
  await using search = createReranker({ scorer: bm25() })
  await using reranker = createReranker({ scorer: crossEncoder() })
  const found = await search.rerank(question, passages, { topN: 20 })
  const { results } = await reranker.rerank(
    question,
    found.results.map(({ candidate }) => candidate),
  )
  return new Map(results.map(({ candidate, logit }) => [candidate.id, logit as number]))
}
