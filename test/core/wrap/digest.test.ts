import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, expect, it, vi } from 'vitest'
import { digest } from '../../../packages/core/src/wrap/cache.ts'
import { sha256 } from '../../../packages/core/src/wrap/sha256.ts'

const reference = (text: string): string => createHash('sha256').update(text, 'utf16le').digest('base64url')

afterEach(() => void vi.unstubAllGlobals())

it('is SHA-256 for every length around the ends of blocks', () => {
  for (let length = 0; length <= 200; length++) {
    const text = 'ab\ud83d\ude00\u0000\uffff'.repeat(40).slice(0, length)
    expect({ length, digest: sha256(text) }).toEqual({ length, digest: reference(text) })
  }
})

it('is SHA-256 for any text, half a surrogate pair included', () => {
  const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 400 })
  fc.assert(
    fc.property(units, (codes) => {
      const text = String.fromCharCode(...codes)
      expect(sha256(text)).toBe(reference(text))
    }),
    { numRuns: 300 },
  )
})

it('gives the same key where there is no Node.js, so that a cache can be shared', () => {
  const text = 'id:query and a text, \ud800'
  const inNode = digest(text)
  vi.stubGlobal('process', undefined)
  expect(digest(text)).toBe(inNode)
})
