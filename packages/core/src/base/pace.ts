import { nextTurn } from './clock.js'

/** Code units that are read between two turns of the event loop: a few milliseconds of the slowest work on them. */
const UNITS_PER_TURN = 32_768
/** What looking at a text takes however short it is, in code units. */
const UNITS_PER_TEXT = 16

/**
 * Keeps long work on texts from holding up the event loop, and from going on when nobody waits for it any more. Work is
 * counted in code units, so that it is cut at the same places on any machine.
 */
export class Pacer {
  #left = UNITS_PER_TURN
  readonly #check: () => void

  /** @param check throws when the work is no longer wanted; called once at a turn. */
  constructor(check: () => void) {
    this.#check = check
  }

  /** Counts work that was done, or is about to be, on so many code units; what comes back is to be awaited. */
  spend(units: number): Promise<void> | undefined {
    this.#left -= units + UNITS_PER_TEXT
    return this.#left > 0 ? undefined : this.#turn()
  }

  async #turn(): Promise<void> {
    this.#left = UNITS_PER_TURN
    await nextTurn()
    this.#check()
  }
}
