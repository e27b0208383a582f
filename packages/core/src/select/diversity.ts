import { between, type Defaulted, must, readOptions, withDefault } from '../base/check.js'
import type { Pacer } from '../base/clock.js'
import { wordsIn } from '../base/words.js'

/** Against many results that say the same: see {@link DiversityPicker} for how. */
export interface Diversity {
  /**
   * A result at least this similar to one that is already in the answer is left out, above 0 and at most 1. Similarity
   * is the Jaccard similarity of the sets of three words in a row, from 0 for no common triple to 1 for the same words.
   * Default 0.8: in a text of 50 words, one changed word leaves 0.88 and two leave 0.78. `1` leaves out copies only.
   */
  readonly threshold?: number | undefined
  /**
   * How much relevance counts against novelty, 0 to 1. Default 1: the order is not touched. Below it, the next result is
   * always the one with the largest `lambda * relevance - (1 - lambda) * similarity`, the similarity being that to the
   * most similar result before it: maximal marginal relevance (Carbonell & Goldstein 1998). Relevance is the place in the
   * list, from 1 for the first down to `1 / n` for the last of `n`, because the scores of blended, unscored and differently
   * scored candidates have no common scale. `rank` then counts this order.
   */
  readonly lambda?: number | undefined
}

/** The options of {@link Diversity}. */
export const diversityTable: { readonly threshold: Defaulted<number>; readonly lambda: Defaulted<number> } = {
  threshold: withDefault(
    must<number>(
      (value) => typeof value === 'number' && value > 0 && value <= 1,
      'pass a number above 0 and at most 1',
    ),
    0.8,
  ),
  lambda: withDefault(between(0, 1), 1),
}

/** A candidate whose text was read, and that was not offered yet. */
interface Waiting {
  readonly position: number
  readonly read: ReadText
  /** To the most similar of those that were kept. */
  similarity: number
  /** Offered, or left out. */
  isGone: boolean
}

/** A text as a set of shingles. */
interface ReadText {
  readonly shingles: Uint32Array
  /** How many of them are not in {@link DiversityPicker}'s list of common ones. */
  size: number
}

/** A shingle in more texts than this is boilerplate: it tells no two of them apart, and comparing all would take for ever. */
const MOST_HOLDERS = 1000

/** Where a shingle stands; nothing once it is common. */
interface Holders {
  readonly kept: ReadText[]
  waiting: Waiting[]
}

/**
 * Offers the positions of a ranked list one by one, best first; the caller says which of them are kept. What is kept is
 * held against all that follow. Only texts that share a shingle are compared, and those that share only what more than a
 * thousand texts hold count as different, so that its time grows with the length of all texts together.
 */
export class DiversityPicker {
  /** How many were left out so far because they were too similar to one that was kept. */
  nearDuplicates = 0
  /** How many were offered without being compared, because the time was up. */
  notCompared = 0
  readonly #texts: readonly string[]
  readonly #threshold: number
  readonly #lambda: number
  readonly #pace: Pace | undefined
  readonly #reader = new ShingleReader()
  readonly #holders = new Map<number, Holders | undefined>()
  /** Texts that were read, by what they are worth; a worth may have fallen since. */
  readonly #waiting = new Heap()
  readonly #isOver: Uint8Array
  #duplicates: Waiting[] = []
  #unread = 0
  #hasGivenUp = false
  #next = 0
  #offered: Waiting | undefined

  constructor(texts: readonly string[], diversity: Diversity, pace?: Pace) {
    const { threshold, lambda } = readOptions(diversityTable, diversity, 'diversity')
    this.#texts = texts
    this.#threshold = threshold
    this.#lambda = lambda
    this.#pace = pace
    this.#isOver = new Uint8Array(texts.length)
  }

  /** The next position, or nothing when there is none left. */
  async next(): Promise<number | undefined> {
    if (this.#hasGivenUp) return this.#nextInOrder()
    for (const one of this.#duplicates) this.#leaveOut(one)
    this.#duplicates = []
    // Relevance falls along the list, so beyond this nothing can be worth more, and of equal ones the earlier wins.
    for (let best = this.#best(); this.#unread < this.#texts.length; best = this.#best()) {
      if (best !== undefined && this.#lambda * this.#relevanceOf(this.#unread) <= best.worth) break
      const text = this.#texts[this.#unread] as string
      const read = await this.#reader.readInPace(text, this.#pace)
      if (read === undefined) {
        this.#hasGivenUp = true
        return this.#nextInOrder()
      }
      this.#learn(this.#unread++, read)
    }
    const best = this.#best()?.item
    this.#offered = best
    if (best === undefined) return undefined
    this.#waiting.take()
    return this.#end(best)
  }

  /** The position offered last becomes part of the answer. */
  keep(): void {
    if (this.#offered === undefined) return
    const { read } = this.#offered
    const shared = new Map<Waiting, number>()
    for (const shingle of read.shingles) {
      const holders = this.#holders.get(shingle)
      if (holders === undefined) continue
      holders.kept.push(read)
      holders.waiting = holders.waiting.filter(({ isGone }) => !isGone)
      for (const one of holders.waiting) shared.set(one, (shared.get(one) ?? 0) + 1)
    }
    for (const [one, count] of shared) this.#compare(one, read, count)
  }

  #best(): Node | undefined {
    for (let top = this.#waiting.peek(); top !== undefined; top = this.#waiting.peek()) {
      const worth = this.#worthOf(top.item)
      if (!top.item.isGone && worth === top.worth) return top
      this.#waiting.take()
      if (!top.item.isGone) this.#waiting.add(top.item, worth)
    }
    return undefined
  }

  /** Holds a text that was just read against what was kept. */
  #learn(position: number, shingles: Uint32Array): void {
    const read = { shingles, size: shingles.length }
    const one: Waiting = { position, read, similarity: 0, isGone: false }
    const shared = new Map<ReadText, number>()
    for (const shingle of shingles) {
      for (const other of this.#holdersOf(shingle, one)) shared.set(other, (shared.get(other) ?? 0) + 1)
    }
    for (const [other, count] of shared) this.#compare(one, other, count)
    if (one.similarity >= this.#threshold) this.#leaveOut(one)
    else this.#waiting.add(one, this.#worthOf(one))
  }

  /** The kept texts that hold a shingle; notes that one more text does. */
  #holdersOf(shingle: number, one: Waiting): readonly ReadText[] {
    const isKnown = this.#holders.has(shingle)
    const holders = isKnown ? this.#holders.get(shingle) : { kept: [], waiting: [] }
    if (holders === undefined) {
      one.read.size -= 1
      return []
    }
    if (!isKnown) this.#holders.set(shingle, holders)
    if (holders.kept.length + holders.waiting.length < MOST_HOLDERS) {
      // Without a share for novelty, what waits is offered before anything else is kept.
      if (this.#lambda < 1) holders.waiting.push(one)
      return holders.kept
    }
    this.#holders.set(shingle, undefined)
    for (const read of [...holders.kept, ...holders.waiting.map((other) => other.read), one.read]) read.size -= 1
    return []
  }

  #compare(one: Waiting, other: ReadText, shared: number): void {
    const together = one.read.size + other.size - shared
    if (one.isGone || together <= 0) return
    one.similarity = Math.max(one.similarity, Math.min(1, shared / together))
    if (one.similarity >= this.#threshold) this.#duplicates.push(one)
  }

  #leaveOut(one: Waiting): void {
    if (one.isGone) return
    this.#end(one)
    this.nearDuplicates += 1
  }

  #end(one: Waiting): number {
    one.isGone = true
    this.#isOver[one.position] = 1
    return one.position
  }

  /** When there is no time left to compare: what is left, as it stands in the list. */
  #nextInOrder(): number | undefined {
    this.#offered = undefined
    while (this.#isOver[this.#next] === 1) this.#next += 1
    if (this.#next >= this.#texts.length) return undefined
    this.notCompared += 1
    return this.#next++
  }

  #worthOf({ position, similarity }: Waiting): number {
    return this.#lambda * this.#relevanceOf(position) - (1 - this.#lambda) * similarity
  }

  #relevanceOf(position: number): number {
    return 1 - position / this.#texts.length
  }
}

/** A candidate with what it was worth when it was put there. */
interface Node {
  readonly item: Waiting
  readonly worth: number
}

/** The candidate that is worth most on top; of equal ones the one that stands first in the list. */
class Heap {
  readonly #nodes: Node[] = []

  peek(): Node | undefined {
    return this.#nodes[0]
  }

  add(item: Waiting, worth: number): void {
    this.#nodes.push({ item, worth })
    for (let at = this.#nodes.length - 1; at > 0;) {
      const parent = (at - 1) >> 1
      if (!this.#isBetter(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  /** Takes the top away. */
  take(): void {
    this.#swap(0, this.#nodes.length - 1)
    this.#nodes.pop()
    for (let at = 0; ;) {
      let best = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#nodes.length && this.#isBetter(child, best)) best = child
      }
      if (best === at) return
      this.#swap(at, best)
      at = best
    }
  }

  #isBetter(one: number, other: number): boolean {
    const [a, b] = [this.#nodes[one], this.#nodes[other]] as [Node, Node]
    return a.worth === b.worth ? a.item.position < b.item.position : a.worth > b.worth
  }

  #swap(one: number, other: number): void {
    const node = this.#nodes[one] as Node
    this.#nodes[one] = this.#nodes[other] as Node
    this.#nodes[other] = node
  }
}

/** What keeps the comparison from holding up the event loop, and from going on for ever. */
export interface Pace {
  readonly pacer: Pacer
  isLate(): boolean
}

/** About how much of a text is read at a time. */
const UNITS_AT_A_TIME = 16_384

/** How many words in a row make a shingle. Three keep word order, and still see a copy in which a few words differ. */
const WORDS = 3

/**
 * Turns texts into sets of word shingles that can be compared. A shingle has one number for all texts given to the same
 * reader, so that two sets are compared by merging two sorted lists.
 */
export class ShingleReader {
  readonly #numbers = new Map<string, number>()

  /** The numbers of the text's shingles, each once, ascending. Case, width of letters and punctuation do not count. */
  read(text: string): Uint32Array {
    const steps = this.#steps(text)
    for (;;) {
      const { value, done } = steps.next()
      if (done === true) return value
    }
  }

  /** The same, letting others have their turn; nothing once the time is up. */
  async readInPace(text: string, pace: Pace | undefined): Promise<Uint32Array | undefined> {
    const steps = this.#steps(text)
    for (;;) {
      const { value, done } = steps.next()
      await pace?.pacer.spend(Math.min(text.length, UNITS_AT_A_TIME))
      if (pace?.isLate() === true) return undefined
      if (done === true) return value
    }
  }

  *#steps(text: string): Generator<undefined, Uint32Array> {
    const numbers = new Set<number>()
    let last: string[] = []
    let words = 0
    for (const some of wordsIn(text)) {
      for (const word of some) {
        words += 1
        last = [...last.slice(1 - WORDS), word]
        if (last.length === WORDS) numbers.add(this.#numberOf(last.join(' ')))
      }
      yield
    }
    // A text without words is its own shingle: equal only to itself.
    if (words < WORDS) numbers.add(this.#numberOf(words === 0 ? text.trim() : last.join(' ')))
    return Uint32Array.from(numbers).sort()
  }

  #numberOf(shingle: string): number {
    const known = this.#numbers.get(shingle)
    if (known !== undefined) return known
    this.#numbers.set(shingle, this.#numbers.size)
    return this.#numbers.size - 1
  }
}

/** Jaccard similarity of two sets given as ascending numbers: what they share over what they hold together; 0..1. */
export function jaccard(left: Uint32Array, right: Uint32Array): number {
  let [l, r, shared] = [0, 0, 0]
  while (l < left.length && r < right.length) {
    const difference = (left[l] as number) - (right[r] as number)
    if (difference === 0) shared++
    if (difference <= 0) l++
    if (difference >= 0) r++
  }
  const together = left.length + right.length - shared
  return together === 0 ? 0 : shared / together
}
