/**
 * Lays a ranked list out for a prompt: the best first, the second best last, the third second, and so on, so that the
 * least relevant stand in the middle, which language models read least well (Liu et al. 2023, "Lost in the Middle").
 */
export function toEdges<T>(ranked: readonly T[]): T[] {
  const front = ranked.filter((_, at) => at % 2 === 0)
  const back = ranked.filter((_, at) => at % 2 === 1)
  return [...front, ...back.reverse()]
}
