/** What of a runtime is asked here. */
type Runtime = Pick<typeof import('onnxruntime-node'), 'InferenceSession' | 'Tensor'>

/**
 * A graph of one product: eight unsigned bytes times eight columns of signed ones, all 127. An ONNX file, made by
 *
 * ```py
 * b = make_tensor('b', TensorProto.INT8, [8, 8], bytes([127] * 64), raw=True)
 * make_graph([make_node('MatMulInteger', ['a', 'b'], ['y'])], 'sums', [make_tensor_value_info('a', TensorProto.UINT8, [1, 8])],
 *            [make_tensor_value_info('y', TensorProto.INT32, [1, 8])], [b])
 * ```
 *
 * with opset 17 and IR version 9.
 */
const PRODUCT =
  'CAkSCnNlY29uZHBhc3M6lwEKGAoBYQoBYhIBeSINTWF0TXVsSW50ZWdlchIEc3VtcypLCAgICBADQgFiSkB/f39/f39/f39/f39/f39/f39/f39/f3' +
  '9/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/f39/WhMKAWESDgoMCAISCAoCCAEKAggIYhMKAXkSDgoMCAYSCAoCCAEKAggIQgQK' +
  'ABAR'

/** What it gives for bytes of 255. Sixteen bits hold two of these products at most as 32,767. */
const EXACT = 8 * 255 * 127

const known = new WeakMap<Runtime, Promise<boolean>>()

/**
 * Whether a runtime adds up products of bytes exactly as it is. On x64 without VNNI it adds two at a time in sixteen bits,
 * which large weights overflow; its option `x64quantprecision` helps, and elsewhere makes the same sums take 2.6 to 3.4 times
 * as long (measured with AMX). Tried rather than asked for: what a processor has, and what the runtime makes of it, are two things.
 */
export function sumsExactly(ort: Runtime): Promise<boolean> {
  const found = known.get(ort) ?? tryProduct(ort).catch(() => false)
  known.set(ort, found)
  return found
}

async function tryProduct({ InferenceSession, Tensor }: Runtime): Promise<boolean> {
  const options = {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  } as const
  const session = await InferenceSession.create(Buffer.from(PRODUCT, 'base64'), options)
  try {
    const { y } = await session.run({ a: new Tensor('uint8', new Uint8Array(8).fill(255), [1, 8]) })
    const sums = Array.from((y?.data ?? []) as Int32Array)
    return sums.length === 8 && sums.every((sum) => sum === EXACT)
  } finally {
    await session.release()
  }
}
