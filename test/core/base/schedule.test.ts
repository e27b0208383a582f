import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Resource, Schedule, type Waiting } from '../../../packages/core/src/base/schedule.ts'
import { settle } from '../../contract/fake-clock.ts'
import { sized } from '../../fixtures/size.ts'

const RUN_MS = 10

/** A resource in a world of its own: a run takes 10 ms of its clock and nothing of ours. */
class World {
  now = 0
  running = 0
  /** Names of the calls in the order in which their runs began. */
  readonly runs: string[] = []
  readonly schedule: Schedule
  /** Called at the beginning of each run, after it was noted. */
  onRun: (name: string) => void = () => {}

  constructor(resource: Partial<Resource> = {}) {
    this.schedule = new Schedule({ id: () => 'model', places: 1, maxQueued: 1000, blocks: true, ...resource })
  }

  call(more: Partial<Waiting> = {}): Waiting {
    const { signal } = new AbortController()
    return { signal, deadline: Infinity, now: () => this.now, stats: {}, ...more }
  }

  /** So many runs, one after the other. */
  ask(name: string, pairs: number, more: Partial<Waiting> = {}): Promise<string> {
    return this.schedule.admit(this.call(more), { pairs, effort: pairs }, async (turns) => {
      for (let at = 0; at < pairs; at++) await turns.turn(1, () => this.#run(name))
      return name
    })
  }

  async #run(name: string): Promise<void> {
    this.runs.push(name)
    this.running += 1
    this.onRun(name)
    await settle()
    this.now += RUN_MS
    this.running -= 1
  }
}

async function codeOf(asked: Promise<unknown>): Promise<unknown> {
  try {
    await asked
    return 'done'
  } catch (error) {
    return (error as { code?: string }).code ?? error
  }
}

/** Lets the last run end: a place is free one turn of the event loop after it. */
async function settled(): Promise<void> {
  await settle()
  await settle()
}

describe('the queue', () => {
  it('lets calls of one size go in the order in which they came', async () => {
    const world = new World()
    await Promise.all(['a', 'b', 'c'].map((name) => world.ask(name, 3)))
    expect(world.runs.join('')).toBe('aaabbbccc')
    expect(world.schedule).toMatchObject({ queued: 0, calls: 0 })
  })

  it('lets the earliest deadline go first, and takes the next run for one that comes in between', async () => {
    const world = new World()
    world.onRun = () => {
      if (world.runs.length === 2) void world.ask('urgent', 2, { deadline: 500 })
    }
    await Promise.all([world.ask('later', 3, { deadline: 2000 }), world.ask('sooner', 3, { deadline: 1000 })])
    expect(world.runs).toEqual(['later', 'sooner', 'urgent', 'urgent', 'sooner', 'sooner', 'later', 'later'])
  })

  it('lets a call without a deadline have every eighth run, whatever else comes', async () => {
    const world = new World()
    const urgent = Array.from({ length: 40 }, (_, at) => world.ask(`u${at}`, 1, { deadline: 5000 }))
    await Promise.all([world.ask('patient', 5), ...urgent])
    const places = world.runs.flatMap((name, at) => (name === 'patient' ? [at] : []))
    // The first had come before the patient one.
    expect(places).toEqual([8, 16, 24, 32, 40])
  })

  it('does not let one large call hold up small ones that come later, nor small ones the large one for ever', async () => {
    const world = new World()
    let small = 0
    // A stream of small calls that would keep the resource busy by itself.
    world.onRun = () => void (small < 300 && world.ask(`s${small++}`, 1))
    await world.ask('large', 20)
    expect(world.runs.indexOf('s0')).toBeLessThan(3)
    expect(world.runs.lastIndexOf('large')).toBeLessThan(60)
  })

  it('shares a resource between two callers, however many calls one of them has', async () => {
    const world = new World()
    const [many, few] = [{}, {}]
    const flood = Array.from({ length: 30 }, () => world.ask('many', 2, { caller: many }))
    const answered = world.ask('few', 4, { caller: few })
    await answered
    expect(world.runs.filter((name) => name === 'many').length).toBeLessThanOrEqual(5)
    await Promise.all(flood)
  })

  it('runs so many at a time as there are places', async () => {
    const world = new World({ places: 3 })
    let most = 0
    world.onRun = () => void (most = Math.max(most, world.running))
    await Promise.all(Array.from({ length: 9 }, (_, at) => world.ask(`${at}`, 3)))
    expect(most).toBe(3)
  })

  it('lets the event loop turn after each run: a timer and an abort fire in between', async () => {
    const schedule = new Schedule({ id: () => 'model', places: 1, maxQueued: 1000, blocks: true })
    const controller = new AbortController()
    let runs = 0
    setTimeout(() => controller.abort('now'), 0)
    const call = { signal: controller.signal, deadline: Infinity, now: () => 0, stats: {} }
    const scoring = schedule.admit(call, { pairs: 1, effort: 1 }, async (turns) => {
      // Nothing in it waits for anything but a resolved promise.
      while (runs < 100_000) await turns.turn(1, async () => void (runs += 1))
    })
    await expect(scoring).rejects.toBe('now')
    expect(runs).toBeGreaterThan(0)
  })
})

describe('a call with a deadline', () => {
  it('that has passed is not let in', async () => {
    const world = new World()
    expect(await codeOf(world.ask('late', 1, { deadline: 0 }))).toBe('deadline')
    expect(world.runs).toEqual([])
  })

  it('is thought possible until runs have been measured, then late at once and for nothing', async () => {
    const world = new World()
    expect(await codeOf(world.ask('first', 100, { deadline: 50 }))).toBe('deadline')
    // Measured once, the rest of it was seen to be hopeless.
    expect(world.runs).toHaveLength(1)
    expect(await codeOf(world.ask('second', 100, { deadline: 500 }))).toBe('deadline')
    expect(world.runs).toHaveLength(1)
  })

  it('is not given up for what may still be done', async () => {
    const world = new World()
    await world.ask('measure', 5)
    const deadline = world.now + 10 * RUN_MS
    expect(await codeOf(world.ask('just', 10, { deadline }))).toBe('done')
  })

  it.each([
    ['waits before it', 240, 'deadline'],
    ['waits behind it', 900, 'done'],
    ['has no deadline', Infinity, 'done'],
  ])('is late at once by what %s', async (_what, deadline, outcome) => {
    const world = new World()
    await world.ask('measure', 5)
    await settled()
    const other = codeOf(world.ask('other', 20, { deadline: world.now + deadline }))
    const runs = world.runs.length
    const asked = codeOf(world.ask('asked', 20, { deadline: world.now + 300 }))
    expect(await asked).toBe(outcome)
    if (outcome === 'deadline') expect(world.runs.length).toBeLessThanOrEqual(runs)
    expect(await other).toBe('done')
  })

  it('of 14 calls that have time for 8, lets 8 be done and gives up the others early', async () => {
    const world = new World()
    const outcomes: string[] = []
    let runsWhenLastWasGivenUp = 0
    const calls = Array.from({ length: 14 }, async (_, at) => {
      const outcome = await codeOf(world.ask(`${at}`, 50, { deadline: 8 * 50 * RUN_MS }))
      outcomes.push(String(outcome))
      if (outcome === 'deadline') runsWhenLastWasGivenUp = world.runs.length
    })
    await Promise.all(calls)
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(8)
    expect(world.runs.length).toBeLessThanOrEqual(8 * 50 + 50)
    expect(runsWhenLastWasGivenUp).toBeGreaterThan(0)
  })

  it('is thought possible again when the last measure is old', async () => {
    const world = new World()
    await world.ask('measure', 5)
    await settled()
    world.now += 60_000
    expect(await codeOf(world.ask('again', 100, { deadline: world.now + 50 }))).toBe('deadline')
    expect(world.runs).toHaveLength(6)
  })

  it('is thought possible again soon after a slow moment in which every call was refused', async () => {
    const world = new World()
    // Runs took a hundred times as long for a while.
    world.onRun = () => void (world.now += 99 * RUN_MS)
    await world.ask('slow', 40)
    world.onRun = () => {}
    await settled()
    const outcomes: unknown[] = []
    // Every 100 ms a call comes that is done in time at the usual pace.
    for (let at = 0; at < 30; at++) {
      world.now += 100
      outcomes.push(await codeOf(world.ask(`${at}`, 5, { deadline: world.now + 500 })))
      await settled()
    }
    expect(outcomes[0]).toBe('deadline')
    expect(outcomes.indexOf('done')).toBeLessThan(15)
    expect(outcomes.slice(-10).filter((outcome) => outcome === 'done').length).toBeGreaterThanOrEqual(8)
  })

  it('is judged by how long runs take now, not by one long pause or by the first run', async () => {
    const world = new World()
    world.onRun = () => void (world.runs.length === 1 && (world.now += 500))
    await world.ask('cold', 10)
    world.onRun = () => void (world.runs.length === 11 && (world.now += 5000))
    await world.ask('paused', 1)
    world.onRun = () => {}
    expect(await codeOf(world.ask('usual', 20, { deadline: world.now + 220 }))).toBe('done')
  })
})

describe('what may wait', () => {
  it("is bounded in pairs: a call beyond it is refused with code 'overloaded', and one that fits is not", async () => {
    const world = new World({ maxQueued: 10 })
    const calls = [7, 4, 2].map((pairs) => codeOf(world.ask('call', pairs)))
    expect(await calls[2]).toBe('overloaded')
    expect(await Promise.all(calls)).toEqual(['done', 'done', 'overloaded'])
    expect(await codeOf(world.ask('later', 10))).toBe('done')
  })

  it('may be more when one call is larger by itself, and then others are not refused for it', async () => {
    const world = new World({ maxQueued: 10 })
    const calls = [25, 25, 10].map((pairs) => codeOf(world.ask('call', pairs)))
    expect(await Promise.all(calls)).toEqual(['done', 'overloaded', 'done'])
    expect(await codeOf(world.ask('large again', 25))).toBe('done')
  })

  it('says the numbers and what to do', async () => {
    const world = new World({ maxQueued: 10 })
    void world.ask('first', 8)
    await expect(world.ask('second', 8)).rejects.toThrow(/7 pairs wait for the scorer model.*8.*maxQueued \(10\)/)
  })

  it('is free again at once when a call is aborted, given up or fails', async () => {
    const world = new World({ maxQueued: 10 })
    const controller = new AbortController()
    const aborted = codeOf(world.ask('aborted', 10, { signal: controller.signal }))
    expect(await codeOf(world.ask('refused', 5))).toBe('overloaded')
    controller.abort('enough')
    expect(world.schedule).toMatchObject({ queued: 0, calls: 0 })
    const taken = world.ask('taken', 10)
    expect(await aborted).toBe('enough')
    await taken
    const failing = world.schedule.admit(world.call(), { pairs: 10, effort: 10 }, (turns) =>
      turns.turn(1, () => Promise.reject('broken')),
    )
    await expect(failing).rejects.toBe('broken')
    expect(world.schedule).toMatchObject({ queued: 0, calls: 0 })
  })

  it('is what no turn was spent on: those that run do not wait', async () => {
    const world = new World()
    const waiting: number[] = []
    world.onRun = () => void waiting.push(world.schedule.queued)
    await world.ask('call', 3)
    expect(waiting).toEqual([2, 1, 0])
  })
})

describe('the report', () => {
  it('says how long a call waited for others, and nothing when there were none', async () => {
    const world = new World()
    const [first, second]: [Record<string, number>, Record<string, number>] = [{}, {}]
    await Promise.all([world.ask('first', 3, { stats: first }), world.ask('second', 2, { stats: second })])
    expect([first, second]).toEqual([{}, { waitedMs: 3 * RUN_MS }])
  })
})

describe('closing', () => {
  it('ends whatever waits with its reason, lets in no more, and is idle when the last run has ended', async () => {
    const world = new World()
    const outcomes = ['a', 'b'].map((name) => codeOf(world.ask(name, 3)))
    const reason = new Error('closed')
    world.schedule.close(reason)
    await world.schedule.whenIdle()
    expect(world.running).toBe(0)
    expect(world.runs).toEqual(['a'])
    expect(await Promise.all(outcomes)).toEqual([reason, reason])
    await expect(world.ask('c', 1)).rejects.toBe(reason)
    await world.schedule.whenIdle()
  })
})

/** One call of a history. */
interface Planned {
  readonly pairs: number
  readonly lanes: number
  readonly timeMs: number | undefined
  readonly caller: number
  /** After how many runs of all it comes. */
  readonly comesAfter: number
  /** After how many runs of all it is aborted, if ever. */
  readonly abortedAfter: number | undefined
  readonly failsAt: number | undefined
}

const planned: fc.Arbitrary<Planned> = fc.record({
  pairs: fc.integer({ min: 1, max: 30 }),
  lanes: fc.integer({ min: 1, max: 3 }),
  timeMs: fc.option(fc.integer({ min: 1, max: 1500 }), { nil: undefined }),
  caller: fc.integer({ min: 0, max: 2 }),
  comesAfter: fc.integer({ min: 0, max: 40 }),
  abortedAfter: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined, freq: 4 }),
  failsAt: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined, freq: 5 }),
})

/** What a history knows of a call that was let in, beside the queue's own books. */
interface Known {
  readonly plan: Planned
  readonly arrival: number
  readonly deadline: number
  readonly controller: AbortController
  begun: number
  asking: number
}

class History {
  now = 0
  runs = 0
  running = 0
  patientWaitedFor = 0
  readonly outcomes: unknown[] = []
  readonly in = new Set<Known>()
  readonly faults: string[] = []
  readonly #schedule: Schedule
  readonly #pending: Promise<void>[] = []
  readonly #callers = [{}, {}, {}]
  /** Calls with an earlier deadline that a run went before; lawful when they had just been given up. */
  readonly #passed: { other: Known; begun: number }[] = []
  #arrivals = 0

  constructor(
    readonly plans: readonly Planned[],
    readonly places: number,
    readonly maxQueued: number,
  ) {
    this.#schedule = new Schedule({ id: () => 'model', places, maxQueued, blocks: true })
  }

  async play(): Promise<void> {
    for (const plan of this.plans) if (plan.comesAfter === 0) this.#come(plan)
    await this.#allSettled()
    // Those that were to come later, when too little ran for it.
    for (const plan of this.plans) this.#come(plan)
    await this.#allSettled()
    this.#expect(!this.#passed.some(({ other, begun }) => other.begun > begun), 'a later deadline went first')
    this.#expect(this.#schedule.queued === 0 && this.#schedule.calls === 0, 'something was left in the queue')
  }

  async #allSettled(): Promise<void> {
    for (let known = -1; known < this.#pending.length;) {
      known = this.#pending.length
      await Promise.all(this.#pending)
    }
  }

  readonly #came = new Set<Planned>()

  #come(plan: Planned): void {
    if (this.#came.has(plan)) return
    this.#came.add(plan)
    const controller = new AbortController()
    const deadline = plan.timeMs === undefined ? Infinity : this.now + plan.timeMs
    const known: Known = { plan, arrival: this.#arrivals++, deadline, controller, begun: 0, asking: 0 }
    const waiting = this.#schedule.queued
    const call: Waiting = {
      signal: controller.signal,
      deadline,
      now: () => this.now,
      stats: {},
      caller: this.#callers[plan.caller],
    }
    const { pairs, lanes } = plan
    const work = this.#schedule.admit(call, { pairs, effort: pairs }, async (turns) => {
      this.#expect(waiting + pairs <= this.maxQueued || pairs > this.maxQueued, 'more than the bound was let in')
      this.in.add(known)
      let next = 0
      const lane = async (): Promise<void> => {
        while (next < pairs) {
          const at = next++
          known.asking += 1
          await turns.turn(1, () => this.#run(known, at))
        }
      }
      await Promise.all(Array.from({ length: Math.min(lanes, pairs) }, lane))
    })
    this.#pending.push(this.#outcomeOf(known, work))
  }

  async #outcomeOf(known: Known, work: Promise<unknown>): Promise<void> {
    const outcome = await codeOf(work)
    this.in.delete(known)
    this.outcomes.push(outcome)
    if (outcome === 'done') this.#expect(known.begun === known.plan.pairs, 'a call ended before its runs')
    if (outcome === 'overloaded') this.#expect(known.begun === 0, 'a refused call cost a run')
  }

  async #run(known: Known, at: number): Promise<void> {
    this.#checkTurn(known)
    known.begun += 1
    known.asking -= 1
    this.running += 1
    this.runs += 1
    this.#expect(this.running <= this.places, 'more runs at a time than places')
    for (const plan of this.plans) {
      if (plan.comesAfter > 0 && plan.comesAfter <= this.runs) this.#come(plan)
    }
    for (const other of this.in) {
      const { abortedAfter } = other.plan
      if (abortedAfter !== undefined && abortedAfter <= this.runs) this.#abort(other)
    }
    await settle()
    this.now += RUN_MS
    this.running -= 1
    if (known.plan.failsAt === at) throw 'failed'
  }

  #abort(other: Known): void {
    if (other.controller.signal.aborted) return
    const { plan, begun } = other
    const before = this.#schedule.queued
    other.controller.abort('aborted')
    const freed = plan.pairs > this.maxQueued ? 0 : plan.pairs - begun
    this.#expect(
      this.#schedule.queued <= before && before - this.#schedule.queued <= freed,
      'an abort freed something else',
    )
    this.in.delete(other)
    this.#expect(this.#schedule.calls <= this.in.size + 1, 'an aborted call is still in')
  }

  /** Whether it was this call's turn. */
  #checkTurn(known: Known): void {
    this.#expect(this.now < known.deadline, 'a run began after the deadline of its call')
    const others = [...this.in].filter((other) => other !== known && other.asking > 0)
    const isPatient = known.deadline === Infinity
    const patientOthers = others.filter(({ deadline }) => deadline === Infinity)
    this.patientWaitedFor = isPatient || patientOthers.length === 0 ? 0 : this.patientWaitedFor + 1
    this.#expect(this.patientWaitedFor < 8, 'a call without a deadline was passed by eight runs')
    if (isPatient) return
    const earlier = others.filter(
      ({ deadline, arrival }) =>
        deadline > this.now && (deadline < known.deadline || (deadline === known.deadline && arrival < known.arrival)),
    )
    for (const other of earlier) this.#passed.push({ other, begun: other.begun })
  }

  #expect(holds: boolean, fault: string): void {
    if (!holds) this.faults.push(fault)
  }
}

it('loses no call, keeps to the order and the bound, starves nobody, and is empty in the end, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(planned, { minLength: 1, maxLength: 14 }),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(10, 60, Infinity),
      async (plans, places, maxQueued) => {
        const history = new History(plans, places, maxQueued)
        await history.play()
        expect(history.faults).toEqual([])
        expect(history.outcomes).toHaveLength(plans.length)
        const known = ['done', 'deadline', 'overloaded', 'aborted', 'failed']
        expect(history.outcomes.filter((outcome) => !known.includes(String(outcome)))).toEqual([])
      },
    ),
    { numRuns: sized(60, 2000) },
  )
})
