import { describe, expect, it } from 'vitest'
import { LONGEST_DELAY_MS, pause, startTimer, systemClock, waitFor } from '../../../packages/core/src/base/clock.ts'
import { FakeClock, settle } from '../../contract/fake-clock.ts'
import { StrictClock } from './strict-clock.ts'

const deadlineError = (): Error => new Error('late')
const never = (): Promise<never> => new Promise(() => {})

describe('waitFor', () => {
  it('hands on what the work gives, and leaves no timer', async () => {
    const clock = new FakeClock()
    await expect(waitFor(async () => 5, { clock, deadline: 100, deadlineError })).resolves.toBe(5)
    await expect(waitFor(() => Promise.reject('no'), { clock, deadline: 100, deadlineError })).rejects.toBe('no')
    expect(clock.pending).toBe(0)
  })

  it('turns a synchronous throw into a rejection', async () => {
    const clock = new FakeClock()
    const start = (): never => {
      throw new Error('at once')
    }
    await expect(waitFor(start, { clock, deadline: 100, deadlineError })).rejects.toThrow('at once')
    expect(clock.pending).toBe(0)
  })

  it('stops waiting when the deadline passes, and tells the work', async () => {
    const clock = new FakeClock()
    let given: AbortSignal | undefined
    const waiting = waitFor((signal) => ((given = signal), never()), { clock, deadline: 100, deadlineError })
    const outcome = await clock.runUntilSettled(waiting)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'late' } })
    expect(clock.now()).toBe(100)
    expect(given?.aborted).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('stops waiting when the caller aborts, with the reason of the signal, and removes its listener', async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    let given: AbortSignal | undefined
    const waiting = waitFor((signal) => ((given = signal), never()), {
      clock,
      deadline: 100,
      signal: controller.signal,
      deadlineError,
    })
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    expect(given?.reason).toBe('enough')
    expect(clock.pending).toBe(0)
  })

  it('does not start work for a signal that has aborted already', async () => {
    const clock = new FakeClock()
    let started = false
    const signal = AbortSignal.abort('before')
    const start = async (): Promise<void> => void (started = true)
    await expect(waitFor(start, { clock, deadline: 9, signal, deadlineError })).rejects.toBe('before')
    expect(started).toBe(false)
    expect(clock.pending).toBe(0)
  })

  it('swallows what the work does after nobody waits for it', async () => {
    const unhandled: unknown[] = []
    const record = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', record)
    const clock = new FakeClock()
    let fail: (reason: unknown) => void = () => {}
    const start = (): Promise<never> => new Promise((_, reject) => (fail = reject))
    await clock.runUntilSettled(waitFor(start, { clock, deadline: 1, deadlineError }))
    fail(new Error('too late to matter'))
    await settle()
    await settle()
    process.off('unhandledRejection', record)
    expect(unhandled).toEqual([])
  })

  it('needs neither a deadline nor a signal, and sets no timer for one that never comes', async () => {
    await expect(waitFor(async () => 5, {})).resolves.toBe(5)
    const clock = new FakeClock()
    const controller = new AbortController()
    const waiting = waitFor(never, { clock, deadline: Infinity, signal: controller.signal, deadlineError })
    expect(clock.pending).toBe(0)
    controller.abort('done')
    await expect(waiting).rejects.toBe('done')
  })
})

describe('startTimer', () => {
  it.each([5, LONGEST_DELAY_MS, 2 ** 31, 2 ** 32, 3 * LONGEST_DELAY_MS + 1])(
    'calls back after %d ms',
    async (delayMs) => {
      const clock = new StrictClock()
      const called: number[] = []
      startTimer(clock, () => called.push(clock.now()), delayMs)
      await clock.advance(delayMs - 1)
      expect(called).toEqual([])
      await clock.advance(1)
      expect(called).toEqual([delayMs])
      expect(clock.pending).toBe(0)
    },
  )

  it('can be cancelled, also when it waits for the second part', async () => {
    const clock = new StrictClock()
    const cancel = startTimer(clock, () => expect.unreachable(), 2 ** 32)
    await clock.advance(2 ** 31)
    cancel()
    expect(clock.pending).toBe(0)
  })

  it('takes what is due already as due now', async () => {
    const clock = new StrictClock()
    let called = false
    startTimer(clock, () => (called = true), -5)
    await clock.advance(0)
    expect(called).toBe(true)
  })
})

describe('pause', () => {
  it('ends after its time and leaves no timer', async () => {
    const clock = new FakeClock()
    const pausing = pause(30, { clock })
    await clock.advance(29)
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    await expect(pausing).resolves.toBeUndefined()
    expect(clock.pending).toBe(0)
  })

  it('ends with an abort or a deadline, and leaves no timer', async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    const aborted = expect(pause(30, { clock, signal: controller.signal })).rejects.toBe('enough')
    controller.abort('enough')
    await aborted
    expect(clock.pending).toBe(0)
    const outcome = await clock.runUntilSettled(pause(30, { clock, deadline: 20, deadlineError }))
    expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'late' } })
    expect(clock.pending).toBe(0)
  })
})

describe('systemClock', () => {
  it('goes forward, calls back and can be told not to', async () => {
    const start = systemClock.now()
    let called = false
    const handle = systemClock.setTimeout(() => (called = true), 0)
    systemClock.clearTimeout(handle)
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 2))
    expect(called).toBe(false)
    expect(systemClock.now()).toBeGreaterThan(start)
  })
})
