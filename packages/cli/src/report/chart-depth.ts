import type { DepthAdvice } from '@secondpass/core/eval'
import type { Axis, Mark, Spec } from 'vega'
import { frame, place, extentOf } from './chart-parts.js'
import * as format from './format.js'
import type { EvalReport } from './types.js'

/** Quality by depth; depths stand side by side, since each is about twice the one before. */
export function depthChart({ depth, metrics }: EvalReport, width: number): Spec {
  const { curve, depth: advised } = depth as DepthAdvice
  const isCrowded = width / curve.length < LABEL_WIDTH
  const values = curve.map(({ depth: at, value }, step) => {
    const isAdvised = at === advised
    // Where figures would run into each other, those of the ends and of the advice stay.
    const isLabelled = !isCrowded || isAdvised || step === 0
    return { depth: String(at), value, label: isLabelled ? format.value(value) : '', isAdvised }
  })
  const [least, most] = extentOf(curve.map(({ value }) => value))
  // The axis is no finer than what these queries can tell apart, so that chance does not look like a climb.
  const [from, to] = metrics[0]?.interval ?? [0, 0]
  const room = Math.max(0.01, (most - least) * 0.25, (to - from) / 2)
  const domain = [Math.max(0, least - room), most + room]
  return {
    ...frame(width, 230),
    data: [{ name: 'depths', values }],
    scales: [
      { name: 'x', type: 'point', domain: values.map(({ depth: at }) => at), range: 'width', padding: 0.5 },
      { name: 'y', type: 'linear', domain, range: 'height', nice: true, zero: false },
    ],
    axes: axesOf(metrics[0]?.name ?? 'Value'),
    marks: [line, points, labels, enough],
  }
}

/** What a figure of three decimals takes, with some air, in CSS pixels. */
const LABEL_WIDTH = 58

function axesOf(title: string): Axis[] {
  return [
    { orient: 'bottom', scale: 'x', title: 'Candidates scored; 0 is the first stage alone' },
    { orient: 'left', scale: 'y', grid: true, tickCount: 5, format: '.3~f', title, domain: false, ticks: false },
  ]
}

const line: Mark = {
  type: 'line',
  from: { data: 'depths' },
  encode: { enter: { ...place('depth', 'value'), stroke: { value: 'var(--accent)' }, strokeWidth: { value: 2.5 } } },
}

const points: Mark = {
  type: 'symbol',
  from: { data: 'depths' },
  encode: {
    enter: {
      ...place('depth', 'value'),
      shape: { signal: "datum.isAdvised ? 'diamond' : 'circle'" },
      size: { signal: 'datum.isAdvised ? 220 : 80' },
      fill: { signal: "datum.isAdvised ? 'var(--ink)' : 'var(--accent)'" },
      stroke: { value: 'var(--card)' },
      strokeWidth: { value: 2 },
    },
  },
}

const labels: Mark = {
  type: 'text',
  from: { data: 'depths' },
  encode: {
    enter: {
      x: { scale: 'x', field: 'depth' },
      y: { scale: 'y', field: 'value', offset: -13 },
      align: { value: 'center' },
      text: { field: 'label' },
      fontWeight: { signal: "datum.isAdvised ? 'bold' : 'normal'" },
      fill: { value: 'var(--ink)' },
    },
  },
}

/** Below its point: beside the figure it would run into the next one on a telephone. */
const enough: Mark = {
  type: 'text',
  from: { data: 'depths' },
  encode: {
    enter: {
      x: { scale: 'x', field: 'depth' },
      y: { scale: 'y', field: 'value', offset: 24 },
      align: { value: 'center' },
      text: { signal: "datum.isAdvised ? 'enough' : ''" },
      fontWeight: { value: 'bold' },
      fill: { value: 'var(--ink)' },
    },
  },
}
