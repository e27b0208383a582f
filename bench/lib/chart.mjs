/** Line charts as SVG files, for pages in light and in dark; drawn by Vega, which draws those of the command line too. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, View } from 'vega'
import { paths } from './paths.mjs'

/** Readable on white and on black. */
const colours = ['#0d9488', '#ea580c', '#8b5cf6', '#3b82f6', '#ca8a04', '#db2777', '#65a30d', '#64748b']
const ink = 'ink' // Replaced by a custom property, which Vega would not take for a colour.
const config = {
  axis: { labelColor: ink, titleColor: ink, domainColor: '#8888', tickColor: '#8888', gridColor: '#8883' },
  title: { color: ink, subtitleColor: ink, anchor: /** @type {const} */ ('start') },
  legend: { labelColor: ink, labelLimit: 300, symbolStrokeWidth: 3 },
}
const style = '<style>svg{--ink:#333}@media (prefers-color-scheme:dark){svg{--ink:#ddd}}</style>'

/**
 * Writes `bench/results/NAME.svg`.
 *
 * @typedef {{ title: string, log?: boolean }} Axis
 * @param {string} name
 * @param {object} chart
 * @param {string} chart.title
 * @param {string} chart.note under the title: what it was measured on
 * @param {Axis} chart.x
 * @param {Axis} chart.y
 * @param {{ name: string, points: [x: number, y: number][] }[]} chart.series
 */
export async function writeLineChart(name, { title, note, x, y, series }) {
  const values = series.flatMap((one) => one.points.map(([left, right]) => ({ name: one.name, x: left, y: right })))
  const place = { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' } }
  const stroke = { scale: 'colour', field: 'name' }
  const view = new View(
    parse(
      {
        width: 460,
        height: 300,
        padding: 12,
        title: { text: title, subtitle: note },
        data: [{ name: 'points', values }],
        scales: [
          { ...scaleOf(x), name: 'x', range: 'width', domain: { data: 'points', field: 'x' } },
          { ...scaleOf(y), name: 'y', range: 'height', domain: { data: 'points', field: 'y' } },
          { name: 'colour', type: 'ordinal', domain: series.map((one) => one.name), range: colours },
        ],
        axes: [
          { orient: 'bottom', scale: 'x', title: x.title, grid: true, tickCount: 6 },
          { orient: 'left', scale: 'y', title: y.title, grid: true, tickCount: 6 },
        ],
        legends: [{ stroke: 'colour', symbolType: 'stroke' }],
        marks: [
          {
            type: 'group',
            from: { facet: { name: 'line', data: 'points', groupby: 'name' } },
            marks: [
              {
                type: 'line',
                from: { data: 'line' },
                encode: { enter: { ...place, stroke, strokeWidth: { value: 2 } } },
              },
              {
                type: 'symbol',
                from: { data: 'line' },
                encode: { enter: { ...place, fill: stroke, size: { value: 28 } } },
              },
            ],
          },
        ],
      },
      config,
    ),
    { renderer: 'none' },
  )
  // A reader is told the title; Vega would have it told that every line is a symbol, and not of what.
  const svg = (await view.toSVG())
    .replaceAll(/ (?:role|aria-[a-z]+)="[^"]*"/g, '')
    .replaceAll('"ink"', '"var(--ink)"')
    .replace(/<svg([^>]*)>/, `<svg$1 role="img" aria-label="${title}">${style}`)
  view.finalize()
  writeFileSync(join(paths.results, `${name}.svg`), `${svg}\n`)
}

const scaleOf = (/** @type {Axis} */ { log }) =>
  log ? { type: /** @type {const} */ ('log') } : { type: /** @type {const} */ ('linear'), nice: true, zero: true }
