import type { Spec } from 'vega'
import { depthChart } from './chart-depth.js'
import { latencyChart } from './chart-latency.js'
import { liftChart } from './chart-lift.js'
import { skipChart } from './chart-skip.js'
import type { ChartName } from './sections.js'
import type { EvalReport } from './types.js'

/** A chart drawn at one width, in CSS pixels. */
export type Drawing = (report: EvalReport, width: number) => Spec

const drawings: Readonly<Record<ChartName, Drawing>> = {
  lift: liftChart,
  latency: latencyChart,
  skip: skipChart,
  depth: depthChart,
}

/** Narrow enough for a telephone, and wide enough for a page. Text keeps its size, which scaling one drawing would not. */
const WIDTHS = { narrow: 300, wide: 640 } as const

/**
 * A chart as two static SVG elements, of which the page shows the one that fits. Colours are the custom properties of the
 * page, so that one drawing serves light and dark.
 *
 * Drawn by Vega, whose specification is data and whose SVG comes out of plain Node.js: last released in July 2026, maintained since 2013. ECharts also draws without a browser, but takes 67 MB and wants literal colours, so a
 * drawing for each colour scheme; Observable Plot (still 0.6) and the d3 charts need a DOM, which is another 10 to 20 MB.
 */
export async function drawChart(name: ChartName, report: EvalReport, label: string): Promise<string> {
  const both = Object.entries(WIDTHS).map(async ([kind, width]) => {
    const svg = await toSvg(drawings[name](report, width))
    // The root says what the chart shows, and the table under it has the figures: its parts are no news to a screen reader.
    const inner = svg.replace(/^<svg[^>]*>/, '').replace(/ (role="graphics[^"]*"|aria-[a-z]+="[^"]*")/g, '')
    const size = /^<svg[^>]* width="([\d.]+)" height="([\d.]+)" viewBox="([^"]*)"/.exec(svg)
    const [, wide, high, box] = size as unknown as [string, string, string, string]
    return `<svg class="${kind}" role="img" aria-label="${label}" width="${wide}" height="${high}" viewBox="${box}" xmlns="http://www.w3.org/2000/svg">${inner}`
  })
  return (await Promise.all(both)).join('')
}

async function toSvg(spec: Spec): Promise<string> {
  // Slow to load, and only a page needs it.
  const { View, parse } = await import('vega')
  const view = new View(parse(spec, config), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}

const text = { fill: 'var(--ink)', font: 'inherit', fontSize: 12 }
const config = {
  background: 'transparent',
  axis: {
    labelColor: 'var(--muted)',
    titleColor: 'var(--muted)',
    labelFont: 'inherit',
    titleFont: 'inherit',
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal' as const,
    titlePadding: 10,
    domainColor: 'var(--line)',
    tickColor: 'var(--line)',
    gridColor: 'var(--grid)',
  },
  legend: { labelColor: 'var(--ink)', labelFont: 'inherit', labelFontSize: 12, labelLimit: 240 },
  text,
}
