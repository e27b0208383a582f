import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe, { type AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderHtml } from '../../packages/cli/src/report/html.ts'
import { sampleReport } from '../fixtures/sample-report.ts'
import { chromiumPath, launchBrowser, noBrowser } from './browser.ts'

const WIDE = 1280
const NARROW = 390

describe.skipIf(chromiumPath === undefined)(`the report as a page in Chromium${noBrowser}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-report-'))
  const place = pathToFileURL(join(folder, 'report.html')).href
  let browser: Browser
  beforeAll(async () => {
    writeFileSync(join(folder, 'report.html'), await renderHtml(sampleReport()))
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  interface Opened {
    readonly page: Page
    /** Whatever the page said, asked for or stumbled over. */
    readonly events: string[]
  }
  const open = async (colorScheme: 'light' | 'dark', width: number): Promise<Opened> => {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } })
    const events: string[] = []
    page.on('console', (message) => events.push(`console: ${message.text()}`))
    page.on('pageerror', (error) => events.push(`error: ${error.message}`))
    page.on('request', (request) => events.push(`request: ${request.url()}`))
    await page.goto(place)
    return { page, events }
  }

  describe.each(['light', 'dark'] as const)('in a %s colour scheme', (scheme) => {
    it.each([WIDE, NARROW])('shows every chart at a width of %i, and asks for nothing but itself', async (width) => {
      const { page, events } = await open(scheme, width)
      const charts = page.locator('figure svg:visible')
      expect(await charts.count()).toBe(4)
      for (const chart of await charts.all()) {
        expect(await chart.getAttribute('aria-label')).toMatch(/^Chart: .+ The figures are in the table below it\.$/)
        const box = await chart.boundingBox()
        expect(box?.width).toBeGreaterThan(250)
        expect(box?.height).toBeGreaterThan(150)
        expect(await chart.locator('path, line, text').count()).toBeGreaterThan(10)
      }
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      expect(await page.title()).toBe('Does reranking help on an invented manual?')
      expect(events).toEqual([`request: ${place}`])
      await page.close()
    })
  })

  // Both schemes and both widths in two runs: axe takes its time.
  it.each([
    ['light', WIDE],
    ['dark', NARROW],
  ] as const)(
    'has nothing that axe objects to, in %s at a width of %i with everything opened',
    async (scheme, width) => {
      const { page } = await open(scheme, width)
      await page.evaluate(`document.querySelectorAll('details').forEach((one) => (one.open = true))`)
      await page.evaluate(axe.source)
      const { violations, passes } = await page.evaluate<AxeResults>('axe.run()')
      const found = violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' ; ')}`,
      )
      expect(found).toEqual([])
      expect(passes.map(({ id }) => id)).toContain('color-contrast')
      await page.close()
    },
  )

  it('draws the charts in the colours of the scheme', async () => {
    const colours = await Promise.all(
      (['light', 'dark'] as const).map(async (scheme) => {
        const { page } = await open(scheme, WIDE)
        const bar = `document.querySelector('#cost svg.wide [fill="var(--accent)"]')`
        const fill = await page.evaluate<string>(`getComputedStyle(${bar}).fill`)
        const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
        await page.close()
        return { fill, ground }
      }),
    )
    expect(colours).toEqual([
      { fill: 'rgb(31, 111, 120)', ground: 'rgb(245, 246, 244)' },
      { fill: 'rgb(88, 180, 191)', ground: 'rgb(19, 24, 22)' },
    ])
  })

  it('can be read with a keyboard alone', async () => {
    const { page } = await open('light', WIDE)
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the figures')
    const summaries = await page.locator('summary').count()
    const reached = new Set<number>()
    for (let presses = 0; presses < 200 && reached.size < summaries; presses++) {
      await page.keyboard.press('Tab')
      const at = await page.evaluate<number>(
        `[...document.querySelectorAll('summary')].indexOf(document.activeElement)`,
      )
      if (at < 0) continue
      if (reached.size === 0) {
        await page.keyboard.press('Enter')
        expect(await page.evaluate('document.activeElement.parentElement.open')).toBe(true)
      }
      reached.add(at)
    }
    expect(reached.size).toBe(summaries)
    await page.close()
  })

  it('shows the text of a passage as text, whatever it holds', async () => {
    const { page } = await open('light', WIDE)
    const text = await page.locator('#gained .text', { hasText: '<script>' }).first().textContent()
    expect(text).toContain(`</p></details><script>document.title = 'taken over'</script>`)
    expect(await page.locator('script, img, iframe, link, object, [onerror]').count()).toBe(0)
    await page.close()
  })
})
