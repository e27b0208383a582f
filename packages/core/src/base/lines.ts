import type { Milliseconds } from '../types.js'

/** Where a call stands among those that wait. */
export interface Standing {
  /** Counts up with each call that comes. */
  readonly arrival: number
  /** A time on the clock that all calls share, `Infinity` for none. */
  readonly deadline: Milliseconds
  /** Who asks; missing for nobody in particular. */
  readonly caller: object | undefined
  /** What is left to be begun, in the unit of the schedule. */
  effortLeft: number
}

/** Calls with a deadline: the earliest first, of equal ones the one that came first. */
export class UrgentLine<Call extends Standing> {
  readonly #calls: Call[] = []

  get length(): number {
    return this.#calls.length
  }

  /** A copy, so that calls may be taken out while it is gone through. */
  all(): readonly Call[] {
    return [...this.#calls]
  }

  add(call: Call): void {
    this.#calls.splice(
      firstWhere(this.#calls, (other) => other.deadline > call.deadline),
      0,
      call,
    )
  }

  remove(call: Call): void {
    const start = firstWhere(this.#calls, (other) => !isBefore(other, call))
    if (this.#calls[start] === call) this.#calls.splice(start, 1)
  }

  charge(call: Call, effort: number): void {
    call.effortLeft = Math.max(0, call.effortLeft - effort)
  }

  /** The first that passes the test, which may take calls out of the line. */
  first(test: (call: Call) => boolean): Call | undefined {
    for (let at = 0; at < this.#calls.length;) {
      const call = this.#calls[at] as Call
      if (test(call)) return call
      if (this.#calls[at] === call) at++
    }
    return undefined
  }

  /** What goes before a call that is not in the line yet; counted no further than to what is more than `enough`. */
  effortAhead({ deadline }: Standing, enough: number): number {
    let sum = 0
    for (const other of this.#calls) {
      if (other.deadline > deadline || sum > enough) break
      sum += other.effortLeft
    }
    return sum
  }
}

function isBefore(one: Standing, other: Standing): boolean {
  return one.deadline < other.deadline || (one.deadline === other.deadline && one.arrival < other.arrival)
}

/** The first place of a sorted list where a test that turns from false to true is true. */
function firstWhere<T>(list: readonly T[], test: (item: T) => boolean): number {
  let [least, most] = [0, list.length]
  while (least < most) {
    const middle = (least + most) >> 1
    if (test(list[middle] as T)) most = middle
    else least = middle + 1
  }
  return least
}

/** The calls of one caller, by `due`. */
interface Party<Call> {
  readonly calls: { readonly due: number; readonly call: Call }[]
  /** The effort that was spent on this caller, or that it is taken to have had. */
  served: number
}

/**
 * Calls without a deadline. The caller that had least is served next; one that comes anew starts where the least served is,
 * so that nobody can save up. Within a caller a call is due when as much was done for the caller since it came as the
 * call is large: equal calls keep their order, small ones pass large ones, and none is passed for ever.
 */
export class FairLine<Call extends Standing> {
  readonly #parties = new Map<object | undefined, Party<Call>>()
  #length = 0

  get length(): number {
    return this.#length
  }

  all(): readonly Call[] {
    return [...this.#parties.values()].flatMap(({ calls }) => calls.map(({ call }) => call))
  }

  add(call: Call): void {
    const party = this.#parties.get(call.caller) ?? this.#join(call.caller)
    const due = party.served + call.effortLeft
    party.calls.splice(
      firstWhere(party.calls, (other) => other.due > due),
      0,
      { due, call },
    )
    this.#length += 1
  }

  remove(call: Call): void {
    const party = this.#parties.get(call.caller)
    const at = party?.calls.findIndex((other) => other.call === call) ?? -1
    if (party === undefined || at < 0) return
    party.calls.splice(at, 1)
    this.#length -= 1
    if (party.calls.length === 0) this.#parties.delete(call.caller)
  }

  charge(call: Call, effort: number): void {
    call.effortLeft = Math.max(0, call.effortLeft - effort)
    const party = this.#parties.get(call.caller)
    if (party !== undefined) party.served += effort
  }

  first(test: (call: Call) => boolean): Call | undefined {
    let [best, least]: [Call | undefined, number] = [undefined, Infinity]
    for (const { calls, served } of this.#parties.values()) {
      if (served >= least) continue
      const found = calls.find(({ call }) => test(call))
      if (found !== undefined) [best, least] = [found.call, served]
    }
    return best
  }

  #join(caller: object | undefined): Party<Call> {
    const others = [...this.#parties.values()].map(({ served }) => served)
    const party = { calls: [], served: others.length === 0 ? 0 : others.reduce((a, b) => Math.min(a, b)) }
    this.#parties.set(caller, party)
    return party
  }
}

/**
 * A measure says little when nothing has run for so long. While calls are let in, runs are measured all the time; when the
 * measure lets none in, nothing is, and after a slow moment it would go on refusing what could be done again.
 */
const STALE_MS = 1000

/** The first runs warm up caches and compilers: of so many the fastest counts. */
const WARMING_UP = 4

/** How much of the measure one run is. */
const WEIGHT = 1 / 16

/** How long a unit of effort takes: a running mean that one long pause does not spoil. */
export class Pace {
  #msPerEffort = 0
  #runs = 0
  #measuredAt: Milliseconds = -Infinity

  /** A run that took so long, from `startedAt` to `now`. */
  add(msPerEffort: number, { startedAt, now }: { readonly startedAt: Milliseconds; readonly now: Milliseconds }): void {
    if (startedAt - this.#measuredAt > STALE_MS) this.#runs = 0
    this.#measuredAt = now
    this.#runs += 1
    if (this.#runs === 1 || this.#msPerEffort === 0) this.#msPerEffort = msPerEffort
    else if (this.#runs <= WARMING_UP) this.#msPerEffort = Math.min(this.#msPerEffort, msPerEffort)
    else this.#msPerEffort += WEIGHT * (Math.min(msPerEffort, 2 * this.#msPerEffort) - this.#msPerEffort)
  }

  /**
   * 0 when there is nothing to go by.
   *
   * @param isRunning whether the next measure is on its way
   */
  msPerEffort(now: Milliseconds, isRunning: boolean): number {
    return !isRunning && now - this.#measuredAt > STALE_MS ? 0 : this.#msPerEffort
  }
}
