/** The cache is emptied at this many words or numbers and code units: a few megabytes at most. */
const MAX_WORDS = 50_000
const MAX_SIZE = 600_000

/** Remembers the ids of words as they stand in the text. Bounded; emptied when full. */
export class WordCache {
  readonly #compute: (word: string) => readonly number[]
  readonly #known = new Map<string, readonly number[]>()
  #size = 0

  constructor(compute: (word: string) => readonly number[]) {
    this.#compute = compute
  }

  get(word: string): readonly number[] {
    return this.#known.get(word) ?? this.#keep(word)
  }

  #keep(word: string): readonly number[] {
    const ids = this.#compute(word)
    const size = word.length + ids.length
    if (this.#known.size >= MAX_WORDS || this.#size + size > MAX_SIZE) {
      this.#known.clear()
      this.#size = 0
    }
    this.#size += size
    // A slice holds on to the text it was cut from; joining and cutting again makes a small text of its own.
    this.#known.set(` ${word}`.slice(1), ids)
    return ids
  }
}
