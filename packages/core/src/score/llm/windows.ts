/** A stretch of a list: from `start`, up to but without `end`. */
export interface ListWindow {
  readonly start: number
  readonly end: number
}

/**
 * Windows over a list from its bottom up, each `stride` above the one before, so that what is best below is carried on
 * upwards. The last one always begins at the head, also where the lengths do not divide: no candidate is left out.
 */
export function slidingWindows(length: number, windowSize: number, stride: number): ListWindow[] {
  const windows: ListWindow[] = []
  if (length < 2) return windows
  for (let end = length; ; end -= stride) {
    const start = Math.max(0, end - windowSize)
    windows.push({ start, end })
    if (start === 0) return windows
  }
}
