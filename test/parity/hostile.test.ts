import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createLibraryEncoder } from '../../packages/core/src/score/cross-encoder/tokenizer/library.ts'
import {
  type Json,
  type TokenEncoder,
  unknownToLibrary,
} from '../../packages/core/src/score/cross-encoder/tokenizer/pipeline.ts'
import { createTextEncoder } from '../../packages/core/src/score/cross-encoder/tokenizer/wordpiece.ts'
import { sized } from '../fixtures/size.ts'
import { readFamily } from './families.ts'
import { readGolden } from './golden.ts'

interface Hostile {
  readonly texts: number
  readonly pieces: readonly string[]
  readonly ranges: readonly (readonly [number, number])[]
  readonly sums: Readonly<Record<string, readonly string[]>>
}

const golden = readGolden<Hostile>('hostile.json.gz')
const BLOCKS = sized(10, 100)

/** The same numbers as in generate_hostile.py. */
function numbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), state | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return ((value ^ (value >>> 14)) >>> 0) % limit
  }
}

function textOf(below: (limit: number) => number): string {
  return Array.from({ length: 1 + below(12) }, () => {
    if (below(3) > 0) return golden.pieces[below(golden.pieces.length)] as string
    const [first, last] = golden.ranges[below(golden.ranges.length)] as readonly [number, number]
    return Array.from({ length: 1 + below(4) }, () => String.fromCodePoint(first + below(last - first + 1))).join('')
  }).join('')
}

async function wrongBlocks(name: string, { encode }: TokenEncoder): Promise<number[]> {
  const wrong: number[] = []
  for (let block = 0; block < BLOCKS; block++) {
    const below = numbers(block)
    const texts = Array.from({ length: golden.texts }, () => textOf(below))
    const ids = await Promise.all(texts.map(async (text) => (await encode(text)).join()))
    const sum = createHash('sha256').update(ids.join(';')).digest('hex').slice(0, 16)
    if (sum !== golden.sums[name]?.[block]) wrong.push(block)
  }
  return wrong
}

function tokenizerOf(name: string): Json {
  if (!name.startsWith('model-')) return readFamily(name).files['tokenizer.json'] as Json
  const file = new URL(`../../packages/${name}/tokenizer.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as Json
}

describe.each(Object.keys(golden.sums))('%s', (name) => {
  const file = tokenizerOf(name)

  test(`has Python's ids for ${BLOCKS * golden.texts} hostile texts`, async () => {
    const encoder = await createTextEncoder(file)
    expect(encoder.kind).toBe(/^bert$|^model-/.test(name) ? 'wordpiece' : 'rust')
    expect(await wrongBlocks(name, encoder)).toEqual([])
  })

  test.skipIf(unknownToLibrary(file) !== undefined)('has them in JavaScript too, as in browsers', async () => {
    expect(await wrongBlocks(name, { encode: await createLibraryEncoder(file) })).toEqual([])
  })
})
