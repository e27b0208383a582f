import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe, { type AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumPath, launchBrowser, noBrowser } from './browser.ts'

/** A phone and a desktop. */
const WIDTHS = [390, 1280]
/** Pages that are looked at beside each other. */
const AT_ONCE = 3

const root = join(import.meta.dirname, '../..')
const { serve } = (await import(pathToFileURL(join(root, 'examples/browser/serve.mjs')).href)) as {
  serve(folder: string, options?: { isolated?: boolean }): Promise<{ readonly url: string; close(): Promise<void> }>
}

/** While pages are worked on: a site that `node site/build.mjs` has built, such as `site/dist/site`. */
const built = process.env['SECONDPASS_SITE']
/** Built as it is published, below a path; the generator is installed into a folder of this test. */
const scratch = mkdtempSync(join(tmpdir(), 'secondpass-site-'))
const base = built === undefined ? '/secondpass/' : '/'
// Below the tools, where the generator finds what it imports.
const served = built === undefined ? join(scratch, 'site/dist/served') : join(root, built)
const out = join(served, base)
const tools = built === undefined ? join(scratch, 'site') : join(root, 'site')
let pages: string[]

beforeAll(() => {
  if (built === undefined) build()
  pages = readdirSync(out, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.html') && file !== '404.html' && !file.startsWith('try/'))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

function build(): void {
  const isSource = (path: string): boolean => !/[/\\](node_modules|dist)$/.test(path)
  cpSync(join(root, 'site'), tools, { recursive: true, filter: isSource })
  const ended = run([process.execPath, join(tools, 'build.mjs'), '--repository', root, '--out', out, '--base', base])
  if (ended.status !== 0) throw new Error(`the site was not built:\n${ended.stdout}\n${ended.stderr}`)
}

function run([file = '', ...args]: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(file, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}

const html = (page: string): string => readFileSync(join(out, page), 'utf8')

describe('the built site', () => {
  it('has every page of docs/, the reference of every package, and the page that reranks', () => {
    const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) =>
        file
          .replaceAll('\\', '/')
          .replace(/README\.md$/, 'index.md')
          .replace(/\.md$/, '.html'),
      )
    expect(docs.filter((file) => !pages.includes(file))).toEqual([])
    const reference = ['core', 'core/eval', 'ai-sdk', 'lancedb', 'langchain', 'llamaindex', 'mastra']
    expect(reference.filter((name) => !pages.includes(`api/@secondpass/${name}.html`))).toEqual([])
    expect(html('api/@secondpass/core.html')).toContain('Makes a reranker. Without options it uses')
    expect(existsSync(join(out, 'try/models/model-en-mini/model.onnx'))).toBe(true)
  })

  it('leads to every page of docs/ by its navigation', () => {
    const [, sidebar = ''] = /<nav[^>]*id="VPSidebarNav"([\s\S]*?)<\/nav>/.exec(html('options.html')) ?? []
    const linked = new Set([...sidebar.matchAll(/href="([^"#]+)"/g)].map(([, link]) => link))
    const own = pages.filter((page) => !/^(api|packages)\/|^(index|versions|code_of_conduct)\.html$/.test(page))
    const addressOf = (page: string): string => `${base}${page.replace(/(^|\/)index\.html$/, '$1')}`
    expect(own.filter((page) => !linked.has(addressOf(page)))).toEqual([])
  })

  it('has links that lead somewhere, to headings too', () => {
    const ids = new Map(
      pages.map((page) => [page, new Set([...html(page).matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]),
    )
    const faults = pages.flatMap((page) =>
      [...html(page).matchAll(/<a [^>]*href="([^"]+)"/g)].flatMap(([, link = '']) => {
        const url = new URL(link.replaceAll('&amp;', '&'), `http://site${base}${page}`)
        if (url.host !== 'site') return []
        const path = decodeURIComponent(url.pathname).slice(base.length)
        const target = path === '' || path.endsWith('/') ? `${path}index.html` : path
        if (!url.pathname.startsWith(base) || !existsSync(join(out, target))) return [`${page}: ${link}`]
        const anchor = decodeURIComponent(url.hash.slice(1))
        if (anchor === '' || (ids.get(target)?.has(anchor) ?? true)) return []
        return [`${page}: ${link}, no such heading`]
      }),
    )
    expect([...new Set(faults)]).toEqual([])
  })

  it('is spelt right', () => {
    const cspell = join(tools, 'node_modules/cspell/bin.mjs')
    const files = [
      'README.md',
      'docs/**/*.md',
      'packages/*/README.md',
      'examples/browser/*.html',
      'SECURITY.md',
      'CONTRIBUTING.md',
    ]
    const flags = [
      '--no-progress',
      '--no-summary',
      '--no-color',
      '--config',
      join(root, 'site/cspell.json'),
      '--root',
      root,
    ]
    const { stdout, stderr } = run([process.execPath, cspell, 'lint', ...flags, ...files])
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' })
  })
})

describe.skipIf(chromiumPath === undefined)(`the site in Chromium${noBrowser}`, () => {
  let browser: Browser
  let server: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    // GitHub Pages sends none of the headers that isolate a page.
    server = await serve(served, { isolated: false })
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  /** Does something with every page, a few at a time, and gathers what it finds. */
  async function withPages(
    list: readonly string[],
    look: (page: Page, name: string) => Promise<string[]>,
  ): Promise<string[]> {
    const left = [...list]
    const found: string[] = []
    const worker = async (): Promise<void> => {
      const page = await browser.newPage()
      // However busy the machine is: what hangs ends with the test.
      page.setDefaultTimeout(0)
      let name = ''
      page.on('console', (message) => found.push(`${name}: ${message.text()}`))
      page.on('pageerror', (error) => found.push(`${name}: ${error.message}`))
      page.on('request', (request) => {
        if (!request.url().startsWith(server.url) && !/^(data|blob):/.test(request.url()))
          found.push(`${name} asked for ${request.url()}`)
      })
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        name = next
        await page.goto(new URL(`${base}${name}`, server.url).href)
        found.push(...(await look(page, name)))
      }
      await page.close()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    return found
  }

  it('every page fits phone and desktop in both schemes, asks nobody else and complains of nothing', async () => {
    const faults = await withPages(pages, async (page, name) => {
      const wide: string[] = []
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 850 })
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme })
          const scrollWidth = await page.evaluate<number>('document.documentElement.scrollWidth')
          if (scrollWidth > width) wide.push(`${name} is ${scrollWidth} wide on ${width}, ${colorScheme}`)
        }
      }
      return wide
    })
    expect(faults).toEqual([])
  })

  it('axe has nothing serious to say, on a phone in the dark and on a desktop in the light', async () => {
    // One page of each kind: what they are made of is the same.
    const kinds = [
      'index',
      'pipeline',
      'troubleshooting',
      'tutorials/plain',
      'providers',
      'api/@secondpass/mastra',
      'options',
    ]
    const faults = await withPages(
      kinds.map((name) => `${name}.html`),
      async (page, name) => {
        const found: string[] = []
        for (const [width, colorScheme] of [
          [390, 'dark'],
          [1280, 'light'],
        ] as const) {
          await page.emulateMedia({ colorScheme })
          await page.setViewportSize({ width, height: 850 })
          await page.reload()
          await page.evaluate(axe.source)
          // The button of the search is VitePress's: its name leaves out the keys that it shows.
          const { violations } = await page.evaluate<AxeResults>(
            "axe.run({ rules: { 'label-content-name-mismatch': { enabled: false } } })",
          )
          const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
          for (const { id, nodes } of serious)
            found.push(
              `${name}, ${colorScheme}: ${id}: ${nodes
                .slice(0, 3)
                .map(({ html: node }) => node.slice(0, 150))
                .join(' ; ')}`,
            )
        }
        return found
      },
    )
    expect(faults).toEqual([])
  })

  it('finds what is searched for, without asking anybody', async () => {
    const faults = await withPages(['options.html'], async (page) => {
      // Before the page is awake it hears no keys.
      await page.waitForFunction('document.querySelector("#app")?.__vue_app__ !== undefined')
      await page.click('.DocSearch-Button')
      await page.fill('#localsearch-input', 'deadlineMs')
      await page.waitForSelector('#localsearch-list a')
      const titles = await page.locator('#localsearch-list').textContent()
      return titles?.includes('Deadlines') ? [] : [`found ${titles}`]
    })
    expect(faults).toEqual([])
  })

  it('has a page that reranks, on one thread where the server isolates no page', async () => {
    const faults = await withPages(['try/index.html'], async (page) => {
      await page.check('[name=model][value=model-en-tiny]')
      await page.click('#ask')
      await page.waitForFunction(`!document.querySelector('#ask').disabled`, undefined, { timeout: 0 })
      expect(await page.getAttribute('#form', 'data-ready')).toContain('on one thread')
      expect(await page.locator('#results li').count()).toBe(5)
      await page.evaluate(axe.source)
      const found: string[] = []
      for (const [width, colorScheme] of [
        [390, 'dark'],
        [1280, 'light'],
      ] as const) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 850 })
        if ((await page.evaluate<number>('document.documentElement.scrollWidth')) > width)
          found.push(`too wide on ${width}`)
        const { violations } = await page.evaluate<AxeResults>('axe.run()')
        found.push(...violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 150)}`))
      }
      return found
    })
    expect(faults).toEqual([])
  })
})
