import { appendFileSync, cpSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ModelFolder, readTokenizerFiles } from '../../../../packages/core/src/score/cross-encoder/model-files.ts'
import { ModelSource } from '../../../../packages/core/src/score/cross-encoder/model-source.ts'

const tiny = join(import.meta.dirname, '../../../fixtures/tiny-bert')

const locateModel = (model: string): ModelFolder => new ModelSource({ model }).folder as ModelFolder

describe('a model folder', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'secondpass-model-'))
    cpSync(tiny, folder, { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('is found, with the weights in its id', () => {
    expect(locateModel(folder).id).toMatch(/^secondpass-model-\w+@[0-9a-f]{12}$/)
  })

  it('has the same id each time, and another one once the weights differ by one byte', () => {
    rmSync(join(folder, 'SHA256SUMS'), { force: true })
    const before = locateModel(folder).id
    expect(locateModel(folder).id).toBe(before)
    appendFileSync(join(folder, 'model.onnx'), '\0')
    expect(locateModel(folder).id).not.toBe(before)
  })

  it.each(['model.onnx', 'tokenizer.json', 'config.json'])('without %s is refused by name', (file) => {
    rmSync(join(folder, file))
    expect(() => locateModel(folder)).toThrow(file)
    expect(() => locateModel(folder)).toThrow(expect.objectContaining({ code: 'model-files' }))
  })

  it('that is not there is refused with the path that was looked at', () => {
    expect(() => locateModel('./no/such/folder')).toThrow(/no such folder/)
  })

  it.each([null, 7, '', '  '])('called %j is refused as an argument', (model) => {
    expect(() => locateModel(model as unknown as string)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('with a config that is not JSON is refused', () => {
    writeFileSync(join(folder, 'config.json'), '{')
    expect(() => locateModel(folder)).toThrow(/config\.json is not readable JSON/)
  })

  it('with a sum that differs is refused before anything is scored, naming the file and both sums', async () => {
    const wrong = '0'.repeat(64)
    writeFileSync(join(folder, 'SHA256SUMS'), `${wrong}  model.onnx\n`)
    const error = await readTokenizerFiles(locateModel(folder)).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'model-files', message: expect.stringContaining(wrong) })
    expect((error as Error).message).toContain('model.onnx')
  })

  it('whose file is cut short is refused by its sum', async () => {
    const { createHash } = await import('node:crypto')
    const { readFileSync } = await import('node:fs')
    const sum = createHash('sha256')
      .update(readFileSync(join(folder, 'model.onnx')))
      .digest('hex')
    writeFileSync(join(folder, 'SHA256SUMS'), `${sum}  model.onnx\n`)
    await readTokenizerFiles(locateModel(folder))
    truncateSync(join(folder, 'model.onnx'), 1000)
    await expect(readTokenizerFiles(locateModel(folder))).rejects.toThrow('damaged')
  })

  it('gives the temperature of calibration.json, 1 without one, and refuses a useless one', () => {
    expect(locateModel(folder).temperature).toBe(1)
    writeFileSync(join(folder, 'calibration.json'), '{"temperature": 1.7}')
    expect(locateModel(folder).temperature).toBe(1.7)
    writeFileSync(join(folder, 'calibration.json'), '{"temperature": 0}')
    expect(() => locateModel(folder)).toThrow(/temperature in .* is 0/)
  })
})

describe('the bundled model', () => {
  it('has every file of its sums as published', async () => {
    const { tokenizer } = await readTokenizerFiles(locateModel('bundled'))
    expect(tokenizer).toHaveProperty('model.vocab')
  })

  it('comes in int8 and nothing else', () => {
    const make = (dtype: 'int8' | 'fp32') => () => new ModelSource({ model: 'bundled', dtype })
    expect(make('int8')).not.toThrow()
    expect(make('fp32')).toThrow(/^dtype is "fp32": the bundled model comes as int8 only/)
  })
})
