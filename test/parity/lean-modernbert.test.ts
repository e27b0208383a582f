import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, test } from 'vitest'
import {
  modernGraph,
  type ModernOutput,
  modernWeights,
  readModernShape,
} from '../../packages/core/src/score/cross-encoder/lean/modernbert.ts'
import { writeModel } from '../../packages/core/src/score/cross-encoder/lean/onnx.ts'
import type { Recipe } from '../../packages/core/src/score/cross-encoder/lean/writer.ts'
import { openGraph } from '../../packages/core/src/score/cross-encoder/session/node.ts'
import { type TensorClass, tokenFeeds } from '../../packages/core/src/score/cross-encoder/session/tensors.ts'
import { readGolden } from './golden.ts'

/** A tiny ModernBERT, and what transformers makes of random tokens; see generate_lean.py. */
interface Model {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  readonly files: { readonly safetensors: string }
  readonly rows: readonly { readonly ids: readonly number[]; readonly logits: readonly number[] }[]
}

const { models } = readGolden<{ models: readonly Model[] }>('lean-modernbert.json.gz')
const folder = mkdtempSync(join(tmpdir(), 'secondpass-modernbert-'))
afterAll(() => rmSync(folder, { recursive: true }))

const isEncoder = ({ name }: Model): boolean => name === 'modernbert, encoder'

function fileOf(model: Model): string {
  const file = join(folder, 'model.safetensors')
  writeFileSync(file, Buffer.from(model.files.safetensors, 'base64'))
  return file
}

async function numbersOf(
  model: Model,
  recipe: Recipe,
  output: ModernOutput = isEncoder(model) ? 'all tokens' : 'logits',
): Promise<readonly (readonly number[])[]> {
  const weights = modernWeights(fileOf(model), readModernShape(model.config), !isEncoder(model))
  const graph = modernGraph(weights, recipe, { output, properties: { 'secondpass.format': '1' } })
  const options = { graphPath: 'made in memory', graphBytes: await writeModel(graph), threads: 1 }
  const { session, Tensor } = await openGraph(options)
  const inputs = session.inputNames.map((name) => ({ name, type: 'int32' as const }))
  const feeds = tokenFeeds(Tensor as unknown as TensorClass, inputs, 64)
  const found = []
  for (const { ids } of model.rows) {
    const [wanted = ''] = session.outputNames
    const answer = await session.run(feeds?.(Int32Array.from(ids), ids.length) as never, [wanted])
    found.push(Array.from(answer[wanted]?.data as Float32Array))
  }
  await session.release()
  return found
}

/** The largest, of the first numbers of each row; infinite where some are missing. */
function largestDifference(model: Model, found: readonly (readonly number[])[], count = Infinity): number {
  const differences = model.rows.flatMap(({ logits }, row) =>
    logits.slice(0, count).map((logit, at) => Math.abs(logit - (found[row]?.[at] ?? Infinity))),
  )
  return Math.max(...differences)
}

/** Measured: 3e-6. */
const FP32_TOLERANCE = 1e-4

describe.each(models)('$name', (model) => {
  it('has the numbers of transformers', async () => {
    expect(largestDifference(model, await numbersOf(model, { dtype: 'fp32' }))).toBeLessThan(FP32_TOLERANCE)
  })

  it('reads the settings that transformers wrote before version 5', async () => {
    const { layer_types: types, rope_parameters: rotations, ...rest } = model.config
    const { full_attention: wide, sliding_attention: near } = rotations as Record<string, { rope_theta: number }>
    const second = (types as readonly string[]).indexOf('full_attention', 1)
    const older = {
      ...rest,
      global_attn_every_n_layers: second < 0 ? 3 : second,
      global_rope_theta: wide?.rope_theta,
      local_rope_theta: near?.rope_theta,
    }
    expect(readModernShape(older)).toEqual(readModernShape(model.config))
  })

  it('keeps near them in int8', async () => {
    const [exact, rounded] = [model.rows.flatMap(({ logits }) => logits), await numbersOf(model, { dtype: 'int8' })]
    const differences = rounded.flat().map((value, at) => value - (exact[at] as number))
    const spread = (values: readonly number[]): number =>
      Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
    expect(differences).toHaveLength(exact.length)
    expect(spread(differences)).toBeLessThan(0.1 * spread(exact))
  })
})

test('where modules read the first token, nothing else is computed in the last layer, and the numbers are the same', async () => {
  const encoder = models.find(isEncoder) as Model
  const found = await numbersOf(encoder, { dtype: 'fp32' }, 'first token')
  const hidden = encoder.config['hidden_size'] as number
  expect(found.map(({ length }) => length)).toEqual(encoder.rows.map(() => hidden))
  expect(largestDifference(encoder, found, hidden)).toBeLessThan(FP32_TOLERANCE)
})

test.each([
  [{ hidden_activation: 'silu' }, 'hidden_activation is "silu"'],
  [{ classifier_pooling: 'max' }, 'classifier_pooling is "max"'],
  [{ num_attention_heads: 3 }, 'no even multiple'],
  [{ layer_types: ['full_attention'] }, 'layer_types is'],
  [{ rope_parameters: { full_attention: { rope_type: 'yarn', rope_theta: 1e4 } } }, 'rope_parameters is'],
])('another model is known by %j in config.json', (setting, message) => {
  const [{ config }] = models as readonly [Model]
  expect(() => readModernShape({ ...config, ...setting })).toThrow(message)
})

test('a file that lacks a layer is refused by the name of what is missing', () => {
  const [model] = models as readonly [Model]
  const shape = readModernShape({ ...model.config, num_hidden_layers: 5, layer_types: undefined })
  expect(() => modernWeights(fileOf(model), shape, true)).toThrow('has no model.layers.4.')
})
