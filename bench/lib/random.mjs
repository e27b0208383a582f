/** Seeded draws, so that every run of a benchmark sees the same texts. */

/**
 * @param {number} seed any 32-bit integer
 * @returns {() => number} uniform numbers in [0, 1) (mulberry32)
 */
export function seededRandom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

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
