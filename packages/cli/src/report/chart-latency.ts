import type { Axis, Mark, Spec } from 'vega'
import { besides, frame } from './chart-parts.js'
import * as format from './format.js'
import { isFew } from './sections.js'
import type { EvalReport, LatencySummary } from './types.js'

/** How many calls took how long, with the median and the 95th percentile, or the longest of a few. */
export function latencyChart({ latency }: EvalReport, width: number): Spec {
  const summary = latency as LatencySummary
  const { histogram, median, p95, max } = summary
  const [most, name] = isFew(summary) ? [max, 'longest'] : [p95, 'p95']
  const edges = [histogram[0]?.from ?? 0, histogram.at(-1)?.to ?? 1]
  return {
    ...frame(width, 210),
    data: [{ name: 'bins', values: histogram.map((bin) => ({ ...bin })) }],
    scales: [
      { name: 'x', type: 'linear', domain: edges, range: 'width', zero: false },
      { name: 'y', type: 'linear', domain: { data: 'bins', field: 'calls' }, range: 'height', nice: true, zero: true },
    ],
    axes: axesOf(width),
    marks: [
      bars,
      ...marker(median, `median ${format.milliseconds(median)}`, -20),
      ...marker(most, `${name} ${format.milliseconds(most)}`, -6),
    ],
  }
}

function axesOf(width: number): Axis[] {
  const tickCount = Math.round(width / 90)
  return [
    { orient: 'bottom', scale: 'x', tickCount, format: ',.9~g', title: 'Milliseconds for one query' },
    {
      orient: 'left',
      scale: 'y',
      grid: true,
      tickCount: 5,
      tickMinStep: 1,
      title: 'Queries',
      domain: false,
      ticks: false,
    },
  ]
}

const bars: Mark = {
  type: 'rect',
  from: { data: 'bins' },
  encode: {
    enter: {
      x: { scale: 'x', field: 'from', offset: 0.5 },
      x2: { scale: 'x', field: 'to', offset: -0.5 },
      y: { scale: 'y', field: 'calls' },
      y2: { scale: 'y', value: 0 },
      fill: { value: 'var(--accent)' },
      cornerRadiusTopLeft: { value: 2 },
      cornerRadiusTopRight: { value: 2 },
    },
  },
}

/** A dashed line at a time with its name above the bars. */
function marker(at: number, label: string, offset: number): Mark[] {
  const ink = { value: 'var(--ink)' }
  const [x, y, y2] = [{ scale: 'x', value: at }, { value: offset - 8 }, { signal: 'height' }]
  return [
    { type: 'rule', encode: { enter: { x, y, y2, stroke: ink, strokeDash: { value: [4, 3] } } } },
    { type: 'text', encode: { enter: { ...besides(at, label, 5), y: { value: offset }, fill: ink } } },
  ]
}
