import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PassageCache, shareCache } from '../../../../packages/core/src/score/cross-encoder/states.ts'

const MEBIBYTE = 2 ** 20
/** A passage by its number, and what is kept of it: bytes that no other passage has. */
const idsOf = (passage: number): Int32Array => Int32Array.of(101, 70_000 + passage, 102)
const statesOf = (passage: number, bytes: number): Uint8Array =>
  new Uint8Array(bytes).fill((passage * 37 + bytes) % 251)

function cacheOf(mebibytes: number): PassageCache {
  const cache = new PassageCache()
  cache.allow(mebibytes)
  return cache
}

/** Puts a passage in, and says whether it was known. Nothing when there was no place for it. */
function visit(cache: PassageCache, passage: number, bytes: number): boolean | undefined {
  const lease = cache.lease(idsOf(passage), bytes)
  if (lease === undefined) return undefined
  const found = new Uint8Array(bytes)
  if (lease.known) cache.blocks.read(lease.blocks, found)
  else cache.blocks.write(lease.blocks, statesOf(passage, bytes))
  // A byte at a time, as toEqual compares them, this would take minutes.
  if (lease.known) expect(Buffer.compare(found, statesOf(passage, bytes))).toBe(0)
  lease.release(true)
  return lease.known
}

describe('PassageCache', () => {
  it('gives back what was put in, of any size and in any order, and never takes more than its bound', () => {
    const visits = fc.array(fc.nat(30), { minLength: 1, maxLength: 60 })
    const property = fc.property(visits, fc.integer({ min: 1, max: 3 }), (passages, mebibytes) => {
      const cache = cacheOf(mebibytes)
      const sizeOf = (passage: number): number => 1 + ((passage * 99_991) % 200_000)
      for (const passage of passages) {
        expect(visit(cache, passage, sizeOf(passage))).toBeDefined()
        expect(visit(cache, passage, sizeOf(passage))).toBe(true)
        const taken = cache.blocks.chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
        expect(taken).toBeLessThanOrEqual(mebibytes * MEBIBYTE)
      }
    })
    fc.assert(property, { numRuns: 20 })
  })

  it('forgets the passage that was used longest ago', () => {
    const cache = cacheOf(1)
    const third = MEBIBYTE / 4
    for (const passage of [1, 2, 3, 4]) expect(visit(cache, passage, third)).toBe(false)
    expect(visit(cache, 1, third)).toBe(true)
    expect(visit(cache, 5, third)).toBe(false)
    expect(visit(cache, 1, third)).toBe(true)
    expect(visit(cache, 2, third)).toBe(false)
  })

  it('leaves alone what a run is using', () => {
    const cache = cacheOf(1)
    visit(cache, 1, MEBIBYTE / 2)
    const used = cache.lease(idsOf(1), MEBIBYTE / 2)
    expect(visit(cache, 2, MEBIBYTE)).toBeUndefined()
    expect(visit(cache, 3, MEBIBYTE / 2)).toBe(false)
    used?.release(true)
    expect(visit(cache, 1, MEBIBYTE / 2)).toBe(true)
    expect(visit(cache, 2, MEBIBYTE)).toBe(false)
  })

  it('hands nobody what is not written yet, and forgets what never was', () => {
    const cache = cacheOf(1)
    const writing = cache.lease(idsOf(1), 100)
    expect(writing?.known).toBe(false)
    expect(cache.lease(idsOf(1), 100)).toBeUndefined()
    writing?.release(false)
    expect(cache.size).toBe(0)
    expect(visit(cache, 1, 100)).toBe(false)
    expect(visit(cache, 1, 100)).toBe(true)
  })

  it('knows a text once its passage is written, and until its room is taken', () => {
    const cache = cacheOf(1)
    const writing = cache.lease(idsOf(1), 100, 'a text')
    expect(cache.knows('a text')).toBe(false)
    writing?.release(true)
    expect([cache.knows('a text'), cache.knows('another')]).toEqual([true, false])
    // The same tokens written otherwise are the same passage, known by how it was written last.
    cache.lease(idsOf(1), 100, 'A  text')?.release(true)
    expect([cache.knows('a text'), cache.knows('A  text')]).toEqual([false, true])
    visit(cache, 2, MEBIBYTE)
    expect(cache.knows('A  text')).toBe(false)
  })

  it('has no place for what is larger than its bound', () => {
    expect(visit(cacheOf(1), 1, MEBIBYTE + 1)).toBeUndefined()
    expect(visit(cacheOf(0), 1, 1)).toBeUndefined()
  })

  it('takes nothing before it is used', () => {
    expect(cacheOf(64).blocks.chunks).toEqual([])
  })
})

describe('shareCache', () => {
  it('gives everybody the same one with the largest bound, until the last has closed it', () => {
    const [one, other] = [shareCache('weights', 1), shareCache('weights', 3)]
    expect(other.cache).toBe(one.cache)
    expect(shareCache('other weights', 1).cache).not.toBe(one.cache)
    expect(visit(one.cache, 1, 2 * MEBIBYTE)).toBe(false)
    one.close()
    const third = shareCache('weights', 1)
    expect(third.cache).toBe(one.cache)
    other.close()
    third.close()
    expect(shareCache('weights', 1).cache).not.toBe(one.cache)
  })
})
