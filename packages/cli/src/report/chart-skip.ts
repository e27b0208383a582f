import type { Axis, Legend, Mark, Scale, Spec } from 'vega'
import * as format from './format.js'
import { besides, frame, place, extentOf } from './chart-parts.js'
import type { EvalReport, SkipSummary } from './types.js'

/** Hues that stay apart for most eyes, and dashes for those that see none. */
const COLOURS = [1, 2, 3, 4, 5, 6].map((number) => `var(--series-${number})`)
const DASHES = [
  [1, 0],
  [7, 3],
  [2, 2],
  [10, 3, 2, 3],
  [5, 5],
  [1, 3],
]

/** Share of the queries skipped against the loss, one line for each signal, with the limit and what was promised. */
export function skipChart({ skip }: EvalReport, width: number): Spec {
  const { curves, maxLoss, promised, metric } = skip as SkipSummary
  const points = curves.flatMap(({ signal, curve }) => [
    { signal, skipRate: 0, loss: 0 },
    ...curve.map(({ skipRate, loss }) => ({ signal, skipRate, loss })),
  ])
  return {
    ...frame(width, 260),
    data: [
      { name: 'points', values: points },
      { name: 'promised', values: promised === undefined ? [] : [{ ...promised }] },
    ],
    scales: scalesOf(
      curves.map(({ signal }) => signal),
      [...points.map(({ loss }) => loss), maxLoss * 1.15, 0],
    ),
    axes: axesOf(metric, width),
    legends: [{ ...legend, columns: width < 400 ? 1 : 3 }],
    marks: [...limitAt(maxLoss), lines, ...promise],
  }
}

function scalesOf(signals: string[], losses: readonly number[]): Scale[] {
  const [least, most] = extentOf(losses)
  // Room below, so that a promise on the lowest point is not drawn over the axis.
  const lowest = least < 0 ? least - (most - least) * 0.08 : 0
  return [
    { name: 'x', type: 'linear', domain: [0, 1], range: 'width' },
    { name: 'y', type: 'linear', domain: [lowest, most], range: 'height', nice: true, zero: true },
    { name: 'colour', type: 'ordinal', domain: signals, range: COLOURS },
    { name: 'dash', type: 'ordinal', domain: signals, range: DASHES },
  ]
}

function axesOf(metric: string, width: number): Axis[] {
  const title = `Mean loss in ${metric}`
  return [
    {
      orient: 'bottom',
      scale: 'x',
      format: '.0%',
      tickCount: width < 400 ? 3 : 6,
      title: 'Share of the queries skipped',
    },
    { orient: 'left', scale: 'y', grid: true, tickCount: 6, format: '.3~f', title, domain: false, ticks: false },
  ]
}

const legend: Legend = {
  stroke: 'colour',
  strokeDash: 'dash',
  symbolType: 'stroke',
  symbolStrokeWidth: 2.5,
  symbolSize: 400,
  orient: 'bottom',
}

function limitAt(maxLoss: number): Mark[] {
  const y = { scale: 'y', value: maxLoss }
  const stroke = { value: 'var(--down)' }
  const text = { value: `- - -  accepted loss ${format.value(maxLoss)}` }
  return [
    {
      type: 'rule',
      encode: { enter: { x: { value: 0 }, x2: { signal: 'width' }, y, stroke, strokeDash: { value: [4, 3] } } },
    },
    {
      type: 'text',
      encode: {
        enter: {
          x: { signal: 'width' },
          align: { value: 'right' },
          // Above the chart: at the line it would run into the curves.
          y: { value: -6 },
          text,
          fill: { value: 'var(--ink)' },
        },
      },
    },
  ]
}

const lines: Mark = {
  type: 'group',
  from: { facet: { name: 'series', data: 'points', groupby: 'signal' } },
  marks: [
    {
      type: 'line',
      from: { data: 'series' },
      encode: {
        enter: {
          ...place('skipRate', 'loss'),
          stroke: { scale: 'colour', field: 'signal' },
          strokeDash: { scale: 'dash', field: 'signal' },
          strokeWidth: { value: 2.5 },
        },
      },
    },
  ],
}

const diamond = { shape: { value: 'diamond' }, size: { value: 220 }, fill: { value: 'var(--ink)' } }

const promise: Mark[] = [
  {
    type: 'symbol',
    from: { data: 'promised' },
    encode: {
      enter: { ...place('skipRate', 'loss'), ...diamond, stroke: { value: 'var(--card)' }, strokeWidth: { value: 2 } },
    },
  },
  {
    type: 'text',
    from: { data: 'promised' },
    encode: {
      enter: {
        ...besides('datum.skipRate', 'promised', 14),
        y: { scale: 'y', field: 'loss' },
        baseline: { value: 'middle' },
        fontWeight: { value: 'bold' },
        fill: { value: 'var(--ink)' },
      },
    },
  },
]
