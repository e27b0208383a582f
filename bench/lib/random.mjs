/** Draws by seeded random numbers (`seededRandom` of the library), so that every run of a benchmark sees the same texts. */

/** One item of a list. */
export function pick(random, list) {
  return list[Math.floor(random() * list.length)]
}

/** A shuffled copy of a list (Fisher-Yates). */
export function shuffle(random, list) {
  const copy = [...list]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[copy[i], copy[j]] = [copy[j], copy[i]]
  }
  return copy
}
