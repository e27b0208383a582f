import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, test } from 'vitest'
import { leanGraph } from '../../packages/core/src/score/cross-encoder/lean/graph.ts'
import { OnnxGraph } from '../../packages/core/src/score/cross-encoder/lean/onnx-graph.ts'
import { readModel, writeModel } from '../../packages/core/src/score/cross-encoder/lean/onnx.ts'
import { weightsOfGraph } from '../../packages/core/src/score/cross-encoder/lean/trace.ts'
import {
  type BertWeights,
  NotLean,
  readShape,
  weightsOfSafetensors,
} from '../../packages/core/src/score/cross-encoder/lean/weights.ts'
import type { Recipe } from '../../packages/core/src/score/cross-encoder/lean/writer.ts'
import { openGraph } from '../../packages/core/src/score/cross-encoder/session/node.ts'
import { type TensorClass, tokenFeeds } from '../../packages/core/src/score/cross-encoder/session/tensors.ts'
import { readGolden } from './golden.ts'

/** A tiny model, in several forms, and what transformers makes of random tokens; see generate_lean.py. */
interface Model {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  readonly files: Readonly<Record<string, string>>
  readonly rows: readonly {
    readonly ids: readonly number[]
    readonly secondSegmentStart: number
    readonly logits: readonly number[]
  }[]
}

/** Measured for BERT and RoBERTa: 4e-7. */
const FP32_TOLERANCE = 1e-4
/** Measured for BERT and RoBERTa: .018. Random weights. */
const INT8_TOLERANCE = 0.1

const { models } = readGolden<{ models: readonly Model[] }>('lean.json.gz')
const folder = mkdtempSync(join(tmpdir(), 'secondpass-lean-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function weightsOf(model: Model, form: string): Promise<BertWeights> {
  const shape = readShape(model.config)
  const content = Buffer.from(model.files[form] as string, 'base64')
  if (form !== 'safetensors') return weightsOfGraph(new OnnxGraph(await readModel(content)), shape)
  const file = join(folder, 'model.safetensors')
  writeFileSync(file, content)
  return weightsOfSafetensors(file, shape)
}

async function logitsOf(model: Model, weights: BertWeights, recipe: Recipe): Promise<readonly (readonly number[])[]> {
  const stride = model.config['max_position_embeddings'] as number
  const { padding } = readShape(model.config)
  const properties = { 'secondpass.format': '1' }
  const graphBytes = await writeModel(leanGraph(weights, recipe, { stride, padding, properties }))
  const { session, Tensor } = await openGraph({ graphPath: 'made in memory', graphBytes, threads: 1 })
  const inputs = session.inputNames.map((name) => ({ name, type: 'int32' as const }))
  const feeds = tokenFeeds(Tensor as unknown as TensorClass, inputs, stride)
  const logits = []
  for (const { ids, secondSegmentStart } of model.rows) {
    const answer = await session.run(feeds?.(Int32Array.from(ids), secondSegmentStart) as never, ['logits'])
    logits.push(Array.from(answer['logits']?.data as Float32Array))
  }
  await session.release()
  return logits
}

function largestDifference(model: Model, found: readonly (readonly number[])[]): number {
  const differences = model.rows.flatMap(({ logits }, row) =>
    logits.map((logit, at) => Math.abs(logit - (found[row]?.[at] ?? Number.NaN))),
  )
  return differences.reduce((largest, one) => (one <= largest ? largest : one), 0)
}

describe.each(models)('$name', (model) => {
  it.each(Object.keys(model.files))('has the logits of transformers, read from %s', async (form) => {
    const found = await logitsOf(model, await weightsOf(model, form), { dtype: 'fp32' })
    expect(largestDifference(model, found)).toBeLessThan(FP32_TOLERANCE)
  })

  it('keeps them and their order in int8, but for what rounding moves', async () => {
    const found = await logitsOf(model, await weightsOf(model, 'safetensors'), { dtype: 'int8' })
    expect(largestDifference(model, found)).toBeLessThan(INT8_TOLERANCE)
    const first = (rows: readonly (readonly number[])[]): readonly number[] => rows.map((logits) => logits[0] as number)
    const [expected, rounded] = [first(model.rows.map(({ logits }) => logits)), first(found)]
    for (const [at, one] of expected.entries()) {
      for (const [beside, other] of expected.entries()) {
        if (one - other > 2 * INT8_TOLERANCE) expect(rounded[at] as number).toBeGreaterThan(rounded[beside] as number)
      }
    }
  })
})

describe('a graph that is something else', () => {
  const [bert] = models as [Model]

  test.each([
    [{ model_type: 'distilbert' }, 'distilbert is none of'],
    [{ hidden_act: 'gelu_new' }, 'hidden_act is "gelu_new"'],
    [{ position_embedding_type: 'relative_key' }, 'position_embedding_type'],
    [{ num_attention_heads: 3 }, 'no multiple'],
  ])('is known by %j in config.json', (setting, message) => {
    expect(() => readShape({ ...bert.config, ...setting })).toThrow(message)
  })

  test('is known by the number of its layers', async () => {
    const shape = readShape({ ...bert.config, num_hidden_layers: 3 })
    const graph = new OnnxGraph(await readModel(Buffer.from(bert.files['eager, opset 17'] as string, 'base64')))
    expect(() => weightsOfGraph(graph, shape)).toThrow(NotLean)
  })

  test('is known by a missing tensor', () => {
    const shape = readShape({ ...bert.config, num_hidden_layers: 3 })
    const file = join(folder, 'short.safetensors')
    writeFileSync(file, Buffer.from(bert.files['safetensors'] as string, 'base64'))
    expect(() => weightsOfSafetensors(file, shape)).toThrow('has no bert.encoder.layer.2.')
  })
})
