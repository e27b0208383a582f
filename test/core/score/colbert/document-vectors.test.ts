import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packVectors, unpackVectors } from '../../../../packages/core/src/score/colbert/documents.ts'
import type { DocumentVectors, VectorPrecision } from '../../../../packages/core/src/score/documents/vectors.ts'
import { readDocuments, writeDocuments } from '../../../../packages/core/src/score/documents/stream.ts'
import { type TokenVectors, maxSim } from '../../../../packages/core/src/score/colbert/documents.ts'

const vectors = (rows: number, dimensions: number): fc.Arbitrary<TokenVectors> =>
  fc
    .array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: rows * dimensions, maxLength: rows * dimensions })
    .map((data) => ({ rows, dimensions, data: Float32Array.from(data) }))
const anyVectors = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 7 }))
  .chain(([rows, dimensions]) => vectors(rows, dimensions))

describe('maxSim', () => {
  it('equals the definition written plainly, for any shape', () => {
    const both = fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 7 }))
      .chain(([asked, read, dimensions]) => fc.tuple(vectors(asked, dimensions), vectors(read, dimensions)))
    fc.assert(
      fc.property(both, ([query, document]) => {
        let sum = 0
        for (let row = 0; row < query.rows; row++) {
          let best = -Infinity
          for (let other = 0; other < document.rows; other++) {
            let dot = 0
            for (let i = 0; i < query.dimensions; i++) {
              dot +=
                (query.data[row * query.dimensions + i] as number) *
                (document.data[other * query.dimensions + i] as number)
            }
            best = Math.max(best, dot)
          }
          sum += best
        }
        expect(maxSim(query, document)).toBeCloseTo(sum, 9)
      }),
    )
  })
})

describe('vectors that are kept', () => {
  it('come back as they were in float32, within 2^-11 in float16 and within half a step in int8', () => {
    fc.assert(
      fc.property(anyVectors, (given) => {
        const before = Float32Array.from(given.data)
        const back = (precision: VectorPrecision): Float32Array =>
          unpackVectors(packVectors(given, { precision, truncated: false })).data
        expect(back('float32')).toEqual(given.data)
        for (const [at, value] of back('float16').entries()) {
          const exact = given.data[at] as number
          expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.max(Math.abs(exact) * 2 ** -11, 2 ** -25))
        }
        for (const [at, value] of back('int8').entries()) {
          expect(Math.abs(value - (given.data[at] as number))).toBeLessThanOrEqual(1 / 254 + 1e-7)
        }
        expect(given.data).toEqual(before)
      }),
    )
  })

  it('are rounded to the half floats of IEEE 754: known bits', () => {
    const data = Float32Array.of(1, -2, 65504, 2 ** -24, 2 ** -14, 2 ** -25, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 0, 0.1)
    const { data: halves } = packVectors({ rows: 1, dimensions: 10, data }, { precision: 'float16', truncated: false })
    const expected = [0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x0000, 0x3c00, 0x3c02, 0x0000, 0x2e66]
    expect([...halves]).toEqual(expected)
  })
})

describe('a file of document vectors', () => {
  const documents = fc.array(
    fc.tuple(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      anyVectors,
      fc.constantFrom('float32' as const, 'float16' as const, 'int8' as const),
      fc.boolean(),
    ),
  )

  const packed = fc
    .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 7 }))
    .chain(([rows, dimensions]) =>
      fc.tuple(
        fc.uint8Array({ minLength: rows * dimensions, maxLength: rows * dimensions }),
        fc.int32Array({ maxLength: 9 }),
        fc.constant({ rows, dimensions }),
      ),
    )
    .map(([data, ids, shape]): DocumentVectors => ({ precision: 'packed', ...shape, data, ids, truncated: false }))

  it('gives back every document, however the bytes are cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(documents, packed, fc.integer({ min: 1, max: 40 }), async (given, states, piece) => {
        const kept = new Map<string, DocumentVectors>(
          given.map(([text, of, precision, truncated]) => [text, packVectors(of, { precision, truncated })]),
        )
        kept.set('of a cross-encoder', states)
        const bytes = Buffer.concat([...writeDocuments(kept, 'scorer-1')])
        const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, at) =>
          bytes.subarray(at * piece, (at + 1) * piece),
        )
        expect(await readDocuments(pieces, 'scorer-1')).toEqual(kept)
      }),
    )
  })

  const one = (): Buffer => {
    const data = Float32Array.of(1, 0, 0, 1)
    const kept = packVectors({ rows: 2, dimensions: 2, data }, { precision: 'float16', truncated: true })
    return Buffer.concat([...writeDocuments([['text', kept]], 'scorer-1')])
  }

  it('is refused for another scorer', async () => {
    await expect(readDocuments([one()], 'scorer-2')).rejects.toThrow(
      'documentsId is "scorer-2": the vectors were made by scorer-1; encode the documents again',
    )
  })

  it('is refused wherever it is cut off before its end', async () => {
    const bytes = one()
    const [places, end] = [32 + 20, 16]
    for (let cut = 0; cut < bytes.length - end; cut++) {
      const reading = readDocuments([bytes.subarray(0, cut)], 'scorer-1')
      await expect(reading, `${cut} of ${bytes.length - places - end}`).rejects.toThrow(/No file of document vectors/)
    }
  })

  it('is refused where a byte was changed', async () => {
    const bytes = one()
    const body = bytes.length - 16 - 52 - 4
    const damaged = Buffer.from(bytes)
    damaged.writeUInt8(damaged.readUInt8(body - 4) ^ 1, body - 4)
    await expect(readDocuments([damaged], 'scorer-1')).rejects.toThrow(/is damaged: encode the documents again/)
  })

  it('is refused when it is something else', async () => {
    await expect(readDocuments([Buffer.from('{"a": 1, "b": 2}')], 'x')).rejects.toThrow('it does not begin as one')
    await expect(readDocuments([], 'x')).rejects.toThrow('it does not begin as one')
  })
})
