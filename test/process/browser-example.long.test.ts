import { cpSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
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
      await page.evaluate(WATCH_MAIN_THREAD)
      await page.fill('#question', question)
      await ask()
    })

    const ask = async (): Promise<void> => {
      await page.click('#ask')
      await page.waitForFunction(`!document.querySelector('#ask').disabled`, undefined, { timeout: 0 })
    }
    const rowsOf = (
      list: string,
    ): Promise<{ id: string; logit: number; place: string; moved: string; all: string }[]> =>
      page.$$eval(`#${list} li`, (items) =>
        items.map((item) => ({
          id: item.dataset['id'] as string,
          logit: Number(item.dataset['logit']),
          place: item.querySelector('.place')?.textContent ?? '',
          moved: item.querySelector('.moved')?.textContent ?? '',
          all: item.textContent ?? '',
        })),
      )

    it('loads nothing before it is asked, and says how large that is', async () => {
      const untouched = await browser.newPage()
      const loaded: string[] = []
      untouched.on('request', (request) => loaded.push(request.url()))
      await untouched.goto(server.url)
      await untouched.waitForFunction(`document.querySelector('#status').textContent !== ''`)
      const [bundled, small] = ['mini', 'tiny'].map((name) =>
        Math.round(statSync(join(root, `packages/model-en-${name}/model.onnx`)).size / 1e6),
      )
      const sizes = new RegExp(`bundled, ${bundled} MB\\s+small, ${small} MB`)
      expect(await untouched.textContent('fieldset:last-of-type')).toMatch(sizes)
      expect(loaded.filter((url) => /onnx|wasm/.test(url))).toEqual([])
      await untouched.close()
    })

    it('said when it was ready, and that it may use threads', async () => {
      const ready = await page.getAttribute('#form', 'data-ready')
      expect(ready).toMatch(/^Ready after \d+\.\d s, with threads\.$/)
      expect(await page.evaluate('crossOriginIsolated')).toBe(true)
    })

    it('ranks as Node.js does, and stays free to do other things meanwhile', async () => {
      await page.evaluate('globalThis.longestGapMs = 0')
      await ask()
      const longestMs = await page.evaluate<number>('longestGapMs')
      const readMs = Number(/read in (\d+) ms/.exec((await page.textContent('#status')) ?? '')?.[1])
      expect(longestMs).toBeLessThan(readMs / 2)

      const shown = await rowsOf('results')
      expect(shown).toHaveLength(5)
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

    it('shows both orders, what moved between them, and each title once', async () => {
      const [before, after] = [await rowsOf('before'), await rowsOf('results')]
      const found = await findInNode(question)
      expect(before.map(({ id }) => id)).toEqual(found.slice(0, 5).map(({ id }) => id))
      for (const [at, { id, place, moved, all }] of after.entries()) {
        const from = found.findIndex((passage) => passage.id === id)
        const steps = from - at
        expect(place).toBe(`${at + 1}.`)
        expect(moved).toBe(steps === 0 ? 'stayed' : `${steps > 0 ? '▲' : '▼'} ${Math.abs(steps)}, from ${from + 1}`)
        const title = found[from]?.text.split('\n')[0] as string
        expect(all.split(title)).toHaveLength(2)
      }
    })

    it('reranks passages that are pasted, with the small model too', async () => {
      await page.fill('#question', 'How do I get my money back?')
      await page.check('[name=source][value=own]')
      await page.check('[name=model][value=model-en-tiny]')
      await page.fill(
        '#passages',
        'The office opens at nine.\n\nTo get your money back, write to us.\n \n<b>Tea</b> is free.',
      )
      await ask()
      expect((await rowsOf('before')).map(({ id }) => id)).toEqual(['0', '1', '2'])
      const [best] = await rowsOf('results')
      expect(best).toMatchObject({ id: '1', moved: '▲ 1, from 2' })
      expect(await page.locator('#before li:last-child').textContent()).toContain('<b>Tea</b> is free.')
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

/** What the example finds, in the order of BM25. */
async function findInNode(question: string): Promise<Passage[]> {
  await using search = createReranker({ scorer: bm25() })
  const { results } = await search.rerank(question, passages, { topN: 20 })
  return results.map(({ candidate }) => candidate)
}

/** The logits of what the example reads, by the id of the passage. */
async function rankInNode(question: string): Promise<Map<string, number>> {
  await using reranker = createReranker({ scorer: crossEncoder() })
  const { results } = await reranker.rerank(question, await findInNode(question))
  return new Map(results.map(({ candidate, logit }) => [candidate.id, logit as number]))
}
