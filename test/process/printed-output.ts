/** Durations vary between runs and machines, and so does the room that right-aligned ones leave. */
export function maskTimings(output: string): string {
  return output.replaceAll(/ *\b\d+(?:\.\d+)? ms\b/g, ' # ms').trimEnd()
}

/**
 * Output cut at its decimal numbers: the words between them, to be equal, and the numbers, to be close, since another
 * kind of CPU adds up in another order.
 */
export function wordsAndScores(output: string): { words: string; scores: number[] } {
  const scores: number[] = []
  const words = maskTimings(output).replaceAll(/-?\d+\.\d+/g, (number) => {
    scores.push(Number(number))
    return '<score>'
  })
  return { words, scores }
}
