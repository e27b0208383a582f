import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { valueOf } from '../../../../../packages/core/src/score/cross-encoder/lean/nodes.ts'
import { TYPES, writeModel } from '../../../../../packages/core/src/score/cross-encoder/lean/onnx.ts'
import type { Runtime } from '../../../../../packages/core/src/score/cross-encoder/session/copies.ts'
import { openGraph } from '../../../../../packages/core/src/score/cross-encoder/session/node.ts'
import { sumsExactly } from '../../../../../packages/core/src/score/cross-encoder/session/sums.ts'

const UINT8 = 2

/** A stock graph of one product, whose weights are as large as bytes can be. */
async function product(rows: number, columns: number): Promise<{ file: string; weights: Int8Array }> {
  const weights = Int8Array.from({ length: rows * columns }, (_, at) => (at % 3 === 0 ? -127 : 127))
  const raw = new Uint8Array(weights.buffer)
  const model = await writeModel({
    irVersion: 9,
    producer: 'test',
    graph: {
      name: 'product',
      nodes: [{ inputs: ['a', 'b'], outputs: ['y'], name: 'product', kind: 'MatMulInteger', attributes: [] }],
      constants: [{ dims: [rows, columns], type: TYPES.int8, name: 'b', raw }],
      inputs: [valueOf('a', UINT8, ['L', rows])],
      outputs: [valueOf('y', TYPES.int32, ['L', columns])],
    },
    opsets: [{ domain: '', version: 17 }],
    properties: [],
  })
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-sums-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'model.onnx')
  writeFileSync(file, model)
  return { file, weights }
}

it.each([
  [1, 8, 8],
  [3, 64, 40],
  [40, 384, 96],
])(
  'a stock graph adds up bytes exactly, whatever processor it is: %i rows, %i products, %i columns',
  async (length, rows, columns) => {
    const { file, weights } = await product(rows, columns)
    const { session, Tensor } = await openGraph({ graphPath: file, threads: 1 })
    const input = Uint8Array.from({ length: length * rows }, (_, at) => 255 - (at % 5))
    const { y } = await session.run({ a: new Tensor('uint8', input, [length, rows]) })
    await session.release()
    const expected = Array.from({ length: length * columns }, (_, place) => {
      const [row, column] = [Math.floor(place / columns), place % columns]
      let sum = 0
      for (let at = 0; at < rows; at++)
        sum += (input[row * rows + at] as number) * (weights[at * columns + column] as number)
      return sum
    })
    expect(Array.from(y?.data as Int32Array)).toEqual(expected)
  },
)

/** A runtime that answers the product so. */
function runtimeOf(answer: () => Int32Array): { runtime: Runtime; opened: () => number } {
  let opened = 0
  const session = { run: async () => ({ y: { data: answer() } }), release: async () => {} }
  const InferenceSession = {
    create: async () => {
      opened += 1
      return session
    },
  }

  return { runtime: { InferenceSession, Tensor: Object } as unknown as Runtime, opened: () => opened }
}

it('is known by a product that overflows otherwise, asked once of each runtime', async () => {
  const exact = runtimeOf(() => new Int32Array(8).fill(8 * 255 * 127))
  const overflowing = runtimeOf(() => new Int32Array(8).fill(4 * 32_767))
  const broken = runtimeOf(() => {
    throw new Error('no such operator')
  })
  for (let time = 0; time < 2; time++) {
    expect(await sumsExactly(exact.runtime)).toBe(true)
    expect(await sumsExactly(overflowing.runtime)).toBe(false)
    expect(await sumsExactly(broken.runtime)).toBe(false)
  }
  expect([exact, overflowing, broken].map(({ opened }) => opened())).toEqual([1, 1, 1])
})
