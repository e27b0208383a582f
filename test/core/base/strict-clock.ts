import { LONGEST_DELAY_MS } from '../../../packages/core/src/base/clock.ts'
import { FakeClock } from '../../contract/fake-clock.ts'

/** A clock with the timers of JavaScript engines: a delay that 32 bits cannot hold is over at once. */
export class StrictClock extends FakeClock {
  constructor() {
    super()
    const start = this.setTimeout
    this.setTimeout = (callback, delayMs) => start(callback, delayMs > LONGEST_DELAY_MS ? 1 : delayMs)
  }
}
