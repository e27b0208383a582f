import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readGraphValues } from '../../../../../packages/core/src/score/cross-encoder/session/graph-values.ts'
import { openGraph } from '../../../../../packages/core/src/score/cross-encoder/session/node.ts'

const root = join(import.meta.dirname, '../../../../..')

describe('inputs and outputs as a file has them', () => {
  it.each([
    'test/fixtures/tiny-bert/model.onnx',
    'test/fixtures/tiny-bert-stock/model.onnx',
    'test/fixtures/tiny-colbert/model.onnx',
    'packages/model-en-mini/model.onnx',
    'packages/model-en-tiny/model.onnx',
  ])('are those that the runtime says: %s', async (file) => {
    const graphPath = join(root, file)
    const { session } = await openGraph({ graphPath, threads: 1 })
    const { inputs, outputs } = await readGraphValues(graphPath)
    expect(inputs).toEqual(session.inputMetadata)
    expect(outputs).toEqual(session.outputMetadata)
    await session.release()
  })

  it('are none in a file without a graph', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'secondpass-values-'))
    const file = join(folder, 'model.onnx')
    writeFileSync(file, '')
    expect(await readGraphValues(file)).toEqual({ inputs: [], outputs: [] })
    rmSync(folder, { recursive: true })
  })
})
