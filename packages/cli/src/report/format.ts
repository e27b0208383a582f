/** How figures are written, in the page and in the Markdown text alike. */

/** Three decimals: a value of a metric, a loss. */
export const value = (number: number): string => number.toFixed(3).replace('-', '−')

/** Three decimals with their sign: a difference. */
export const signed = (number: number): string => `${number < 0 ? '−' : '+'}${Math.abs(number).toFixed(3)}`

/** From and to, both signed. */
export const interval = ([from, to]: readonly [number, number]): string => `${signed(from)} to ${signed(to)}`

/** A share as a percentage, with a decimal when it is small. */
export function percent(share: number): string {
  const points = share * 100
  const decimals = Math.abs(points) < 10 && !Number.isInteger(points) ? 1 : 0
  // The space does not break.
  return `${points.toFixed(decimals).replace('-', '−')}\u00a0%`
}

/** Milliseconds, whole from 100 on. */
export function milliseconds(ms: number): string {
  return ms >= 10_000 ? `${group(ms / 1000, 1)} s` : `${group(ms, ms >= 100 ? 0 : 1)} ms`
}

/** A count or a mean of counts, with thousands apart. */
export const count = (number: number): string => group(number, Number.isInteger(number) || number >= 100 ? 0 : 1)

/** Money with three digits that count, and its unit when there is one. */
export function money(amount: number, currency: string | undefined): string {
  const digits = amount === 0 ? '0' : plain(Number(amount.toPrecision(3)))
  return `${digits.replace('-', '−')}${currency === undefined ? '' : ` ${currency}`}`
}

/** Three digits that count: a threshold, on whatever scale. */
export const threshold = (number: number): string => plain(Number(number.toPrecision(3))).replace('-', '−')

/** Without an exponent unless the number is very small or very large. */
function plain(number: number): string {
  const size = Math.abs(number)
  if (size === 0 || (size >= 1e-6 && size < 1e15))
    return number.toLocaleString('en', { maximumSignificantDigits: 3, useGrouping: false })
  return String(number)
}

function group(number: number, decimals: number): string {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals }
  return number.toLocaleString('en', digits).replace('-', '−')
}
