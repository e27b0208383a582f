import { describe, expect, it } from 'vitest'
import {
  activationOf,
  erf,
  type Features,
  type HeadStep,
  runSteps,
} from '../../../../../packages/core/src/score/cross-encoder/folder/head-steps.ts'
import { readTensors, tensorOf } from '../../../../../packages/core/src/score/cross-encoder/folder/safetensors.ts'

const features = (...rows: readonly number[][]): Features => {
  const all = rows.flat()
  return { rows: rows.length, width: (rows[0] as number[]).length, at: (place) => all[place] as number }
}

function scores(steps: readonly HeadStep[], given: Features): number[] {
  const { rows, width, at } = runSteps(steps, { name: 'token_embeddings', features: given })
  return Array.from({ length: rows * width }, (_, place) => at(place))
}

const pool = (
  ...modes: readonly ('cls' | 'max' | 'mean' | 'mean_sqrt_len_tokens' | 'weightedmean' | 'lasttoken')[]
): HeadStep => ({
  kind: 'pooling',
  from: 'token_embeddings',
  to: 'scores',
  modes,
})

// Held against PyTorch in parity/layouts.test.ts; here what is plain to see.
describe('what modules compute', () => {
  it('pools over tokens in each way', () => {
    const tokens = features([1, -2], [3, 4], [8, 1], [4, -3])
    expect(scores([pool('cls')], tokens)).toEqual([1, -2])
    expect(scores([pool('lasttoken')], tokens)).toEqual([4, -3])
    expect(scores([pool('max', 'mean')], tokens)).toEqual([8, 4, 4, 0])
    expect(scores([pool('mean_sqrt_len_tokens')], tokens)).toEqual([8, 0])
    expect(scores([pool('weightedmean')], tokens)).toEqual([(1 + 6 + 24 + 16) / 10, (-2 + 8 + 3 - 12) / 10])
  })

  it('gives one number where all rows are one', () => {
    expect(scores([{ kind: 'normalize', from: 'token_embeddings', to: 'scores' }], features([3, 4]))).toEqual([
      0.6, 0.8,
    ])
    expect(scores([{ kind: 'normalize', from: 'token_embeddings', to: 'scores' }], features([0, 0]))).toEqual([0, 0])
  })

  it('knows the error function to the last digits', () => {
    const known = [
      [0, 0],
      [0.1, 0.1124629160182849],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [3.5, 0.9999992569016276],
      [9, 1],
    ] as const
    for (const [value, expected] of known) {
      expect(erf(value)).toBeCloseTo(expected, 14)
      expect(erf(-value)).toBeCloseTo(-expected, 14)
    }
    expect(erf(Number.NaN)).toBeNaN()
  })

  it('knows activations by the names that PyTorch writes, and no others', () => {
    expect(activationOf('torch.nn.modules.activation.GELU')).toBe('GELU')
    expect(activationOf('torch.nn.Tanh')).toBe('Tanh')
    expect(activationOf('torch.nn.modules.linear.Identity')).toBe('Identity')
    for (const name of [
      'GELU',
      'nobody.GELU',
      'torch.nn.modules.activation.Softplus',
      'torch.tanh',
      'torch.nn.toString',
      null,
      7,
    ]) {
      expect(activationOf(name)).toBeUndefined()
    }
  })
})

function safetensors(header: unknown, numbers: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, numbers])
}
const entry = (dtype: string, shape: readonly number[], ...data_offsets: readonly number[]): object => ({
  dtype,
  shape,
  data_offsets,
})

describe('weights', () => {
  it('are read in each number format', () => {
    const half = new Uint8Array(new Uint16Array([0x3c00, 0xc000]).buffer)
    const upper = new Uint8Array(new Uint16Array([0x3f80, 0xc040]).buffer)
    const double = new Uint8Array(new Float64Array([0.5]).buffer)
    const numbers = Buffer.concat([new Uint8Array(new Float32Array([1.5, -2]).buffer), half, upper, double])
    const header = {
      __metadata__: { format: 'pt' },
      a: entry('F32', [2], 0, 8),
      b: entry('F16', [1, 2], 8, 12),
      c: entry('BF16', [2], 12, 16),
      d: entry('F64', [1], 16, 24),
    }
    const tensors = readTensors('w', safetensors(header, numbers))
    expect([...tensorOf(tensors, 'a', [2])]).toEqual([1.5, -2])
    expect([...tensorOf(tensors, 'b', [1, 2])]).toEqual([1, -2])
    expect([...tensorOf(tensors, 'c', [2])]).toEqual([1, -3])
    expect([...tensorOf(tensors, 'd', [1])]).toEqual([0.5])
    expect(() => tensorOf(tensors, 'a', [1, 2])).toThrow(/a is \[2\], and config\.json says \[1, 2\]/)
    expect(() => tensorOf(tensors, 'x', [2])).toThrow(/no tensor x/)
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['a header beyond the end', safetensors('{}').subarray(0, 9)],
    ['an endless header', Buffer.alloc(16, 0xff)],
    ['no JSON', safetensors('{')],
    ['a list', safetensors([])],
    ['numbers beyond the end', safetensors({ a: entry('F32', [2], 0, 8) }, new Uint8Array(4))],
    ['numbers before the beginning', safetensors({ a: entry('F32', [1], -4, 0) }, new Uint8Array(4))],
    ['another size than its shape', safetensors({ a: entry('F32', [3], 0, 4) }, new Uint8Array(4))],
    ['a format that is not known', safetensors({ a: entry('F8_E4M3', [1], 0, 1) }, new Uint8Array(1))],
    ['no entry', safetensors({ a: null })],
  ])('of %s are refused', (_, content) => {
    expect(() => readTensors('model.safetensors', content)).toThrow(
      expect.objectContaining({ code: 'model-files', message: expect.stringContaining('restore the file') }),
    )
  })

  it('that are not finite are refused', () => {
    const numbers = new Uint8Array(new Float32Array([Number.NaN]).buffer)
    const tensors = readTensors('w', safetensors({ a: entry('F32', [1], 0, 4) }, numbers))
    expect(() => tensorOf(tensors, 'a', [1])).toThrow(/not finite/)
  })
})
