import type { Mark, Scale, Spec } from 'vega'
import { frame, extentOf } from './chart-parts.js'
import * as format from './format.js'
import { isQuality } from './sections.js'
import type { EvalReport, ReportMetric } from './types.js'

/** Difference of each metric with its interval, around the line of no difference. */
export function liftChart(report: EvalReport, width: number): Spec {
  const metrics = report.metrics.filter(({ name }) => isQuality(name))
  const values = metrics.map(({ name, difference, interval: [from, to] }) => {
    const kind = from > 0 ? 'up' : to < 0 ? 'down' : 'none'
    return { name, difference, from, to, kind, label: format.signed(difference) }
  })
  const tickCount = Math.round(width / 90)
  const title = 'Difference, with its interval'
  return {
    ...frame(width, 38 * metrics.length),
    data: [{ name: 'metrics', values }],
    scales: scalesOf(metrics, width),
    axes: [
      { orient: 'bottom', scale: 'x', grid: true, format: '+.2~f', tickCount, title },
      { orient: 'left', scale: 'y', domain: false, ticks: false, labelPadding: 8, labelColor: 'var(--ink)' },
    ],
    marks: [zero, intervals, dots, labels],
  }
}

function scalesOf(metrics: readonly ReportMetric[], width: number): Scale[] {
  const [least, most] = extentOf([0, ...metrics.flatMap(({ interval }) => interval)])
  // Room for the number at the right end, also when nothing changed at all.
  const room = Math.max(most - least, 0.01) * (width < 400 ? 0.55 : 0.14)
  const colours = ['var(--up)', 'var(--down)', 'var(--muted)']
  return [
    { name: 'y', type: 'band', domain: metrics.map(({ name }) => name), range: 'height' },
    { name: 'x', type: 'linear', domain: [least, most + room], range: 'width', zero: true },
    { name: 'colour', type: 'ordinal', domain: ['up', 'down', 'none'], range: colours },
  ]
}

const y = { scale: 'y', field: 'name', band: 0.5 }
const colour = { scale: 'colour', field: 'kind' }

const zero: Mark = {
  type: 'rule',
  encode: {
    enter: { x: { scale: 'x', value: 0 }, y: { value: 0 }, y2: { signal: 'height' }, stroke: { value: 'var(--ink)' } },
  },
}

const intervals: Mark = {
  type: 'rule',
  from: { data: 'metrics' },
  encode: {
    enter: {
      x: { scale: 'x', field: 'from' },
      x2: { scale: 'x', field: 'to' },
      y,
      stroke: colour,
      strokeWidth: { value: 4 },
      strokeCap: { value: 'round' },
      strokeOpacity: { value: 0.55 },
    },
  },
}

const dots: Mark = {
  type: 'symbol',
  from: { data: 'metrics' },
  encode: {
    enter: {
      x: { scale: 'x', field: 'difference' },
      y,
      size: { value: 110 },
      fill: colour,
      stroke: { value: 'var(--card)' },
      strokeWidth: { value: 2 },
    },
  },
}

const labels: Mark = {
  type: 'text',
  from: { data: 'metrics' },
  encode: {
    enter: {
      x: { scale: 'x', field: 'to', offset: 12 },
      y,
      baseline: { value: 'middle' },
      text: { field: 'label' },
      fill: { value: 'var(--ink)' },
    },
  },
}
