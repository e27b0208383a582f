import type { Call, Milliseconds } from '../types.js'
import { count } from './call.js'
import { type Defaulted, type OptionTable, wholeOrInfinity, withDefault } from './check.js'
import { nextTurn, onAbort } from './clock.js'
import { deadlineError, refusal, type RerankError } from './errors.js'
import { FairLine, Pace, type Standing, UrgentLine } from './lines.js'

/** How much may wait: the same for every scorer that lets calls wait for one another. */
export interface QueueOptions {
  /**
   * Pairs that may wait at a time, over all calls of this scorer; from 1, `Infinity` for no bound. Default 20000. A call
   * that would make it more is refused at once with code `'overloaded'`. A call that is larger by itself is taken, unless
   * another such call is there already.
   */
  readonly maxQueued?: number | undefined
}

/** See {@link QueueOptions}. */
export const queueOptions: { readonly maxQueued: Defaulted<number> } = {
  maxQueued: withDefault(wholeOrInfinity(1), 20_000),
} satisfies OptionTable<QueueOptions>

/** What calls wait for: a model in one thread, some workers, so many requests at a time. */
export interface Resource {
  /** Names the scorer in errors. */
  id(): string
  /** Runs at a time, 1 or more. */
  readonly places: number
  readonly maxQueued: number
  /** Whether a run takes time of this thread: then the event loop turns after each, and not only after getting ready. */
  readonly blocks: boolean
}

/** The part of a call that decides when its turn comes. */
export type Waiting = Pick<Call, 'signal' | 'deadline' | 'now' | 'stats' | 'caller'>

/** What a call asks for. */
export interface Size {
  /** Pairs, for the bound. */
  readonly pairs: number
  /** The whole effort, in any unit that is the same for all calls of a schedule: estimated tokens, or requests. */
  readonly effort: number
}

/** A call that was let in takes one turn for each run. */
export interface Turns {
  /**
   * Runs when it is this call's turn. A place is taken until the run has ended and, where runs block the thread, the event
   * loop has turned.
   *
   * @param effort what this run is of the whole; 0 for what should not count, such as getting ready.
   * @throws what the run throws; the reason of the call's signal; RerankError `'deadline'`; the reason of `close`.
   */
  turn<T>(effort: number, run: () => Promise<T>): Promise<T>
}

/** A forecast may be wrong by this much before a call is given up for it: what could have been done is worth more. */
const OPTIMISM = 0.8

/** Of so many turns in a row one goes to a call without a deadline, when one waits. */
const SHARE_OF_PATIENT = 8

/** How many calls the forecast is held against, on average, after each turn. */
const LOOKED_AT_PER_TURN = 8

/**
 * The queue before one resource: a turn of the event loop after each run, calls in order of their deadline.
 *
 * - Among calls with a deadline the earliest goes first, of equal ones the one that came first. Each run is a new choice,
 *   so an earlier deadline that arrives gets the next place.
 * - Calls without a deadline get every eighth turn at least. Of those, callers take turns; a caller's own small calls pass
 *   its large ones, until so much was done since the large one came as it is large.
 * - A call that cannot be done by its deadline, going by how long runs took lately, is given up at once. Until runs have
 *   been measured, and when the last one was long ago, every call is thought possible.
 * - No more than `maxQueued` pairs wait.
 */
export class Schedule {
  readonly #resource: Resource
  readonly #urgent = new UrgentLine<Visit>()
  readonly #patient = new FairLine<Visit>()
  readonly #pace = new Pace()
  readonly #idle = new Set<() => void>()
  #running = 0
  #arrivals = 0
  #queued = 0
  #oversized: Visit | undefined
  #urgentInRow = 0
  #unlooked = 0
  #closed: Error | undefined

  constructor(resource: Resource) {
    this.#resource = resource
  }

  /** Pairs that wait. */
  get queued(): number {
    return this.#queued
  }

  /** Calls that are in, whether they wait or run. */
  get calls(): number {
    return this.#urgent.length + this.#patient.length
  }

  /**
   * Lets a call in, which leaves when its work is settled.
   *
   * @throws the reason of the call's signal; RerankError `'deadline'` when it has passed or cannot be kept, `'overloaded'`
   * when too much waits; what the work throws.
   */
  async admit<T>(call: Waiting, size: Size, work: (turns: Turns) => Promise<T>): Promise<T> {
    const visit = this.#enter(call, size)
    try {
      return await work(visit)
    } finally {
      this.#end(visit, undefined)
    }
  }

  /** Ends every call with this reason; later ones are not let in. */
  close(reason: Error): void {
    this.#closed ??= reason
    for (const visit of [...this.#urgent.all(), ...this.#patient.all()]) this.#end(visit, reason)
  }

  /** Settled when nothing runs. */
  async whenIdle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.add(resolve))
  }

  #enter(call: Waiting, size: Size): Visit {
    call.signal.throwIfAborted()
    if (this.#closed !== undefined) throw this.#closed
    const standing = {
      arrival: this.#arrivals++,
      deadline: call.deadline,
      caller: call.caller,
      effortLeft: size.effort,
    }
    this.#refuseLate(standing, call.now())
    this.#refuseTooMany(size.pairs)
    const visit = new Visit(standing, call, { pairs: size.pairs, ask: (asking) => this.#turn(asking) })
    if (size.pairs > this.#resource.maxQueued) this.#oversized = visit
    else this.#queued += size.pairs
    this.#lineOf(visit).add(visit)
    visit.unwatch = onAbort(call.signal, () => this.#end(visit, call.signal.reason))
    return visit
  }

  #refuseLate(standing: Standing, now: Milliseconds): void {
    if (now >= standing.deadline) throw deadlineError(this.#resource.id())
    const bearable = (standing.deadline - now) / (this.#pace.msPerEffort(now, this.#running > 0) * this.#timeShare())
    if (bearable === Infinity) return
    // What is ahead is added up only as far as it can matter: thousands may wait.
    if (this.#urgent.effortAhead(standing, bearable) + standing.effortLeft > bearable) throw this.#lateError()
  }

  #refuseTooMany(pairs: number): void {
    const { maxQueued } = this.#resource
    if (pairs > maxQueued ? this.#oversized === undefined : this.#queued + pairs <= maxQueued) return
    const id = this.#resource.id()
    const waits =
      pairs > maxQueued ? `A call of more than maxQueued (${maxQueued}) pairs waits` : `${this.#queued} pairs wait`
    const fix = `call again later, or raise maxQueued (${maxQueued})`
    throw refusal('overloaded', `${waits} for the scorer ${id}, too many to add ${pairs}: ${fix}.`)
  }

  #end(visit: Visit, reason: unknown): void {
    if (visit.hasEnded) return
    this.#lineOf(visit).remove(visit)
    if (this.#oversized === visit) this.#oversized = undefined
    else this.#queued -= visit.pairsLeft
    visit.end(reason ?? new Error('The call is over.'))
  }

  #lineOf(visit: Visit): UrgentLine<Visit> | FairLine<Visit> {
    return visit.deadline === Infinity ? this.#patient : this.#urgent
  }

  /** Gives away the free places. */
  #turn(asking?: Visit): void {
    if (asking !== undefined) asking.waits = this.calls > 1
    while (this.#running < this.#resource.places) {
      const next = this.#choose()
      if (next === undefined) return
      void this.#run(next)
    }
  }

  #choose(): Visit | undefined {
    const urgent = this.#urgent.first((visit) => visit.isAsking && !this.#giveUpIfLate(visit, 0))
    const isTurnOfPatient = urgent === undefined || this.#urgentInRow >= SHARE_OF_PATIENT - 1
    const patient = isTurnOfPatient ? this.#patient.first((visit) => visit.isAsking) : undefined
    this.#urgentInRow = patient === undefined && this.#patient.length > 0 ? this.#urgentInRow + 1 : 0
    return patient ?? urgent
  }

  async #run(visit: Visit): Promise<void> {
    const { call } = visit
    const { effort, run } = visit.begin()
    this.#running += 1
    this.#charge(visit, effort)
    const startedAt = call.now()
    const succeeded = await run()
    // Timers, aborts and other requests get their chance before the next run.
    if (this.#resource.blocks || (effort === 0 && this.calls > 1)) await nextTurn()
    this.#running -= 1
    const now = call.now()
    if (succeeded && effort > 0) this.#pace.add((now - startedAt) / effort, { startedAt, now })
    this.#lookAhead()
    this.#turn()
    if (this.#running > 0) return
    for (const tell of this.#idle) tell()
    this.#idle.clear()
  }

  /** Takes what a run is from what the call has left. */
  #charge(visit: Visit, effort: number): void {
    const before = visit.pairsLeft
    this.#lineOf(visit).charge(visit, effort)
    if (this.#oversized !== visit && !visit.hasEnded) this.#queued -= before - visit.pairsLeft
  }

  /** Tells calls further down the line as soon as they have no chance any more; not each time, since many may wait. */
  #lookAhead(): void {
    this.#unlooked += LOOKED_AT_PER_TURN
    if (this.#unlooked < this.#urgent.length) return
    this.#unlooked = 0
    let ahead = 0
    for (const visit of this.#urgent.all()) {
      // What is running would be done before it is told.
      if (visit.running > 0 || !this.#giveUpIfLate(visit, ahead)) ahead += visit.effortLeft
    }
  }

  #giveUpIfLate(visit: Visit, ahead: number): boolean {
    const now = visit.call.now()
    const leftMs = visit.deadline - now
    const isPast = leftMs <= 0
    const msPerEffort = this.#pace.msPerEffort(now, this.#running > 0) * this.#timeShare()
    if (!isPast && (ahead + visit.effortLeft) * msPerEffort <= leftMs) return false
    this.#end(visit, isPast ? deadlineError(this.#resource.id()) : this.#lateError())
    return true
  }

  #timeShare(): number {
    return OPTIMISM / this.#resource.places
  }

  #lateError(): RerankError {
    const why = 'going by what waits and by how long runs took lately'
    const message = `The scorer ${this.#resource.id()} would not be done by the deadline, ${why}: allow more time or fewer texts.`
    return refusal('deadline', message)
  }
}

interface Ask {
  readonly effort: number
  /** Settles the promise that was handed out; whether the run succeeded. Never rejects. */
  run(): Promise<boolean>
  reject(reason: unknown): void
}

interface Asking {
  /** Called when the call asks for a turn. */
  ask(this: void, visit: Visit): void
}

/** A call that is in. */
class Visit implements Turns, Standing {
  readonly call: Waiting
  readonly pairs: number
  readonly arrival: number
  readonly deadline: Milliseconds
  readonly caller: object | undefined
  effortLeft: number
  /** Its runs under way. */
  running = 0
  unwatch: () => void = () => {}
  readonly #effort: number
  readonly #asks: Ask[] = []
  readonly #ask: Asking['ask']
  #waitingSince: Milliseconds | undefined
  #ended: { readonly reason: unknown } | undefined

  constructor({ arrival, effortLeft }: Standing, call: Waiting, { pairs, ask }: Pick<Visit, 'pairs'> & Asking) {
    const { deadline, caller } = call
    this.call = call
    this.pairs = pairs
    this.arrival = arrival
    this.deadline = deadline
    this.caller = caller
    this.effortLeft = effortLeft
    this.#effort = effortLeft
    this.#ask = ask
  }

  /** Of its pairs, those that no turn has been spent on. */
  get pairsLeft(): number {
    return this.#effort === 0 ? this.pairs : Math.ceil((this.pairs * this.effortLeft) / this.#effort)
  }

  get isAsking(): boolean {
    return this.#asks.length > 0
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined
  }

  /** From here on it waits, or does not: only while others are in, and none of its own runs is under way. */
  set waits(others: boolean) {
    if (others && this.running === 0) this.#waitingSince ??= this.call.now()
  }

  turn<T>(effort: number, run: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended.reason)
      const settle = async (): Promise<boolean> => {
        try {
          const answer = await run()
          // Before the caller is told, who may ask for the next turn at once.
          this.running -= 1
          resolve(answer)
          return true
        } catch (error) {
          this.running -= 1
          reject(error)
          return false
        }
      }
      this.#asks.push({ effort, run: settle, reject })
      this.#ask(this)
    })
  }

  begin(): Ask {
    this.running += 1
    this.#stopWaiting()
    return this.#asks.shift() as Ask
  }

  end(reason: unknown): void {
    this.#ended = { reason }
    this.unwatch()
    if (this.isAsking) this.#stopWaiting()
    for (const { reject } of this.#asks.splice(0)) reject(reason)
  }

  #stopWaiting(): void {
    if (this.#waitingSince === undefined) return
    const waitedMs = this.call.now() - this.#waitingSince
    this.#waitingSince = undefined
    if (waitedMs > 0) count(this.call, 'waitedMs', waitedMs)
  }
}

/** Settled when the run before it, of whatever model in this thread, has ended and the event loop has turned. */
let before: Promise<unknown> = Promise.resolve()

/**
 * Runs what blocks this thread when nothing else does. Two models of one process that are asked at the same time would
 * otherwise block it for two runs in a row.
 */
export function aloneInThread<T>(run: () => Promise<T>): Promise<T> {
  const mine = before.then(run)
  before = mine.then(nextTurn, nextTurn)
  return mine
}
