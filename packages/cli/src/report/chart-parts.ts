import type { EncodeEntry, Spec } from 'vega'

/** What all charts share: their size, and axes that take their room out of the width. */
export function frame(width: number, height: number): Spec {
  return { width, height, padding: 6, autosize: { type: 'fit-x', contains: 'padding' } }
}

/** The smallest and the largest of at least one number. */
export function extentOf(numbers: readonly number[]): [least: number, most: number] {
  let [least, most] = [Infinity, -Infinity]
  for (const number of numbers) [least, most] = [Math.min(least, number), Math.max(most, number)]
  return [least, most]
}

/** A point of the data, by the names of its two fields. */
export function place(x: string, y: string): EncodeEntry {
  return { x: { scale: 'x', field: x }, y: { scale: 'y', field: y } }
}

/** The width of a character in CSS pixels, about: there is no font to measure. */
const CHARACTER = 7

/** A text beside a place on the x axis, to its right when there is room. `at` is a number or an expression of Vega. */
export function besides(at: number | string, text: string, distance: number): EncodeEntry {
  const isTight = `scale('x', ${at}) + ${CHARACTER * text.length + distance} > width`
  return {
    x: { signal: `scale('x', ${at}) + (${isTight} ? ${-distance} : ${distance})` },
    align: { signal: `${isTight} ? 'right' : 'left'` },
    text: { value: text },
  }
}
