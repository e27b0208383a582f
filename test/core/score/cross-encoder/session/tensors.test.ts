import { describe, expect, it } from 'vitest'
import { createFeeds } from '../../../../../packages/core/src/score/cross-encoder/session/tensors.ts'
import { floatOf } from '../../../../../packages/core/src/score/cross-encoder/session/tensors.ts'
import { readScore } from '../../../../../packages/core/src/score/cross-encoder/session/node.ts'

const arrays = { int32: Int32Array, int64: BigInt64Array, float32: Float32Array, float16: Uint16Array }

/** As the runtime does, it makes a typed array of a plain one. */
class FakeTensor {
  readonly data: ArrayLike<number | bigint>
  constructor(
    readonly type: string,
    data: ArrayLike<number | bigint>,
    readonly dims: readonly number[],
  ) {
    const kind = arrays[type as keyof typeof arrays] as Int32ArrayConstructor | undefined
    this.data = Array.isArray(data) && kind !== undefined ? kind.from(data as number[]) : data
  }
}

type Shape = readonly (number | string)[]

function feedsOf(inputs: readonly (readonly [name: string, type: string, shape: Shape])[]) {
  const described = inputs.map(([name, type, shape]) => ({ name, isTensor: true, type, shape }))
  const feeds = createFeeds(FakeTensor, described as never, { graphPath: 'model.onnx', maxPositions: 8 })
  return feeds(Int32Array.of(5, 6, 7), 2) as unknown as Record<string, FakeTensor>
}

const tokens: Shape = ['batch', 'length']
const numbers = ({ data }: FakeTensor = new FakeTensor('', [], [])): number[] => Array.from(data, Number)

describe('the inputs of a graph', () => {
  it('are fed if it has them, with real values', () => {
    const fed = feedsOf([
      ['input_ids', 'int64', tokens],
      ['attention_mask', 'int64', tokens],
      ['token_type_ids', 'int32', tokens],
      ['position_ids', 'int64', tokens],
    ])
    expect(Object.fromEntries(Object.entries(fed).map(([name, tensor]) => [name, numbers(tensor)]))).toEqual({
      input_ids: [5, 6, 7],
      attention_mask: [1, 1, 1],
      token_type_ids: [0, 0, 1],
      position_ids: [0, 1, 2],
    })
    expect([fed['input_ids']?.type, fed['token_type_ids']?.type]).toEqual(['int64', 'int32'])
    expect(fed['position_ids']?.dims).toEqual([1, 3])
    expect(Object.keys(feedsOf([['input_ids', 'int64', tokens]]))).toEqual(['input_ids'])
  })

  it('of a language model start with an empty memory, and ask for the last place only', () => {
    const past: Shape = ['batch', 2, 'past', 16]
    const fed = feedsOf([
      ['input_ids', 'int64', tokens],
      ['past_key_values.0.key', 'float32', past],
      ['past_key_values.0.value', 'float16', past],
      ['num_logits_to_keep', 'int64', []],
    ])
    expect(fed['past_key_values.0.key']).toEqual(new FakeTensor('float32', new Float32Array(0), [1, 2, 0, 16]))
    expect(fed['past_key_values.0.value']).toEqual(new FakeTensor('float16', new Uint16Array(0), [1, 2, 0, 16]))
    expect([numbers(fed['num_logits_to_keep']), fed['num_logits_to_keep']?.dims]).toEqual([[1], []])
  })

  it.each([
    [[['pixel_values', 'float32', tokens]], /inputs pixel_values \(pixel_values is not known here\)/],
    [[['attention_mask', 'int64', tokens]], /has the inputs attention_mask: export it with input_ids/],
    [
      [
        ['input_ids', 'int64', tokens],
        ['past_key_values.0.key', 'float32', ['batch', 'heads', 'past', 16]],
      ],
      /past_key_values\.0\.key \(float32 \[batch, heads, past, 16\]\): .*without past_key_values/,
    ],
  ] as const)('are refused by name: %j', (inputs, message) => {
    expect(() => feedsOf(inputs as never)).toThrow(message)
    expect(() => feedsOf(inputs as never)).toThrow(expect.objectContaining({ code: 'model-files' }))
  })
})

describe('the output of a graph', () => {
  const one = { kind: 'labels', names: [], relevant: undefined } as const

  it.each([
    [0x0000, 0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x4248, 3.140625],
    [0x7c00, Infinity],
  ])('half float %i is %d', (half, expected) => {
    expect(floatOf(half)).toBe(expected)
    expect(readScore(one, new FakeTensor('float16', Uint16Array.of(half), [1, 1]) as never)).toBe(expected)
  })

  it('is a number of its own type otherwise', () => {
    expect(readScore(one, new FakeTensor('float32', Float32Array.of(-2.5), [1, 1]) as never)).toBe(-2.5)
    expect(floatOf(0x7e00)).toBeNaN()
  })
})
