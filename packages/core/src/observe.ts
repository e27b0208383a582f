import type { Report } from './types.js'
import { warn } from './warn.js'

/** Wraps the caller's `onReport` so that nothing it does can change a result. Its first error becomes a warning. */
export function observer(onReport: ((report: Report) => unknown) | undefined): (report: Report) => void {
  let hasWarned = false
  const complain = (error: unknown): void => {
    if (hasWarned) return
    hasWarned = true
    warn(`onReport failed, which did not change the result: ${error instanceof Error ? error.message : String(error)}`)
  }
  return (report) => {
    try {
      Promise.resolve(onReport?.(report)).catch(complain)
    } catch (error) {
      complain(error)
    }
  }
}
