import type { Milliseconds } from './types.js'

/** What a run may cost: the length of what is read, in UTF-16 code units, and a little for each text. */
export function sizeOf(texts: readonly { readonly text: string }[]): number {
  return texts.reduce((size, { text }) => size + text.length + SIZE_OF_A_TEXT, 0)
}

/** A text costs something however short it is: special tokens and the query, read again with each text. */
const SIZE_OF_A_TEXT = 64

/** How much an earlier run still counts after one more. Low, because the first run may have loaded a model. */
const MEMORY = 0.8

/** How much of the forecast is left after a stage was not run for its sake. */
const DOUBT = 0.9

/**
 * Learns how long a stage takes from its own runs: a part that is always there, as with a request over the network, and
 * a part that grows with the size, fitted by least squares in which later runs count more.
 */
export class Forecast {
  #weight = 0
  #size = 0
  #duration = 0
  #sizeSquared = 0
  #sizeTimesDuration = 0
  #doubt = 1

  /** How long a run of this size will take, in milliseconds; nothing before the first run. */
  durationOf(size: number): Milliseconds | undefined {
    if (this.#weight === 0) return undefined
    const meanSize = this.#size / this.#weight
    const meanDuration = this.#duration / this.#weight
    const spread = this.#sizeSquared / this.#weight - meanSize ** 2
    const slope = (this.#sizeTimesDuration / this.#weight - meanSize * meanDuration) / spread
    // Runs of one size tell nothing about others, and a line that falls or starts below 0 cannot be true: in proportion.
    const isPlausible = spread > 1e-3 * meanSize ** 2 && slope >= 0 && meanDuration >= slope * meanSize
    const estimate = isPlausible ? meanDuration + slope * (size - meanSize) : meanDuration * (size / meanSize)
    return this.#doubt * estimate
  }

  /** A run of this size took this long. */
  learn(size: number, durationMs: Milliseconds): void {
    this.#weight = MEMORY * this.#weight + 1
    this.#size = MEMORY * this.#size + size
    this.#duration = MEMORY * this.#duration + durationMs
    this.#sizeSquared = MEMORY * this.#sizeSquared + size ** 2
    this.#sizeTimesDuration = MEMORY * this.#sizeTimesDuration + size * durationMs
    this.#doubt = 1
  }

  /** A run of this size was given up after this long: it teaches only that it takes longer than was thought. */
  learnAtLeast(size: number, durationMs: Milliseconds): void {
    if (durationMs > (this.durationOf(size) ?? 0)) this.learn(size, durationMs)
  }

  /** A run was not begun because of the forecast. It fades, or a scorer that was slow once would never be tried again. */
  doubt(): void {
    this.#doubt *= DOUBT
  }
}
