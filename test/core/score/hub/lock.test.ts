import { existsSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withLock } from '../../../../packages/core/src/score/hub/disk.ts'
import { scratchFolder } from '../../../fixtures/hub/scratch.ts'

const never = new AbortController().signal

describe('a lock', () => {
  let path: string
  beforeEach(() => (path = join(scratchFolder(), 'locks', 'file.lock')))
  afterEach(() => rmSync(dirname(dirname(path)), { recursive: true }))

  it('lets one work at a time, each in its turn', async () => {
    let inside = 0
    const most: number[] = []
    const work = async (): Promise<void> => {
      most.push(++inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside--
    }
    await Promise.all(Array.from({ length: 4 }, () => withLock(path, work, never)))
    expect(most).toEqual([1, 1, 1, 1])
    expect(readdirSync(dirname(path))).toEqual([])
  })

  it('is given back when the work fails', async () => {
    await expect(withLock(path, () => Promise.reject(new Error('no')), never)).rejects.toThrow('no')
    await expect(withLock(path, async () => 7, never)).resolves.toBe(7)
  })

  it('says who holds it', async () => {
    const held = await withLock(path, async () => JSON.parse(readFileSync(path, 'utf8')) as { pid: number }, never)
    expect(held.pid).toBe(process.pid)
  })

  it('of a holder that was not heard of for long is taken over', async () => {
    await withLock(path, async () => {}, never)
    writeFileSync(path, JSON.stringify({ host: 'elsewhere', pid: 1, key: 'k' }))
    const longAgo = new Date(Date.now() - 120_000)
    utimesSync(path, longAgo, longAgo)
    await expect(withLock(path, async () => 7, never)).resolves.toBe(7)
  })

  it('of a holder that lives is waited for until the signal aborts, and stays', async () => {
    await withLock(path, async () => {}, never)
    writeFileSync(path, JSON.stringify({ host: hostname(), pid: process.pid, key: 'k' }))
    const controller = new AbortController()
    const waiting = withLock(path, async () => 7, controller.signal)
    setImmediate(() => controller.abort(new Error('enough')))
    await expect(waiting).rejects.toThrow('enough')
    expect(existsSync(path)).toBe(true)
  })
})
