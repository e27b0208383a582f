import { describe, expect, it } from 'vitest'
import { onAbort } from '../../../packages/core/src/base/clock.ts'

describe('onAbort', () => {
  it('calls back every watcher once', () => {
    const controller = new AbortController()
    const called: string[] = []
    onAbort(controller.signal, () => called.push('a'))
    onAbort(controller.signal, () => called.push('b'))
    controller.abort()
    expect(called).toEqual(['a', 'b'])
  })

  it('stops calling back, also when a callback stops another', () => {
    const controller = new AbortController()
    const called: string[] = []
    onAbort(controller.signal, () => called.push('a'))()
    onAbort(controller.signal, () => stopLast())
    const stopLast = onAbort(controller.signal, () => called.push('c'))
    controller.abort()
    expect(called).toEqual([])
  })

  it('a watcher that stops twice takes nothing from the next one', () => {
    const controller = new AbortController()
    const called: string[] = []
    const stop = onAbort(controller.signal, () => called.push('first'))
    stop()
    onAbort(controller.signal, () => called.push('second'))
    stop()
    controller.abort()
    expect(called).toEqual(['second'])
  })
})
