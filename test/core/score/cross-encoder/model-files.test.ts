import { createHash } from 'node:crypto'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crossEncoder } from '@secondpass/core'
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

describe('what a model recommends for itself', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'secondpass-model-'))
    cpSync(tiny, folder, { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const recommend = (secondpass: unknown): void => {
    const config = JSON.parse(readFileSync(join(tiny, 'config.json'), 'utf8')) as object
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, secondpass }))
  }

  it('is on the scorer as soon as the folder is known, and in a model that says nothing there is none', () => {
    recommend({ blend: { weight: 0.3 }, scripts: ['Cyrillic', 'Latin'] })
    expect(crossEncoder({ model: folder }).defaults).toEqual({ blend: { weight: 0.3 }, scripts: ['Cyrillic', 'Latin'] })
    expect(crossEncoder({ model: tiny }).defaults).toBeUndefined()
  })

  it.each([
    ['bundled', { lexical: 0.8, other: 0.25 }],
    ['bundled-tiny', { lexical: 0.7, other: 0.1 }],
  ])('is, in %s, the shares %o, the Latin script and English', (model, weight) => {
    expect(crossEncoder({ model }).defaults).toEqual({ blend: { weight }, scripts: ['Latin'], languages: ['en'] })
  })

  it.each<[unknown, RegExp]>([
    ['0.8', /secondpass is "0\.8": /],
    [{ blend: { weight: 8 } }, /secondpass\.blend\.weight is 8: pass a number from 0 to 1/],
    [
      { blend: { weight: { lexical: 0.8 } } },
      /secondpass\.blend\.weight\.other is undefined: pass a number from 0 to 1/,
    ],
    [{ blend: { weight: { lexical: 0.8, other: 0.2, dense: 1 } } }, /weight\.dense is 1: there is no such option/],
    [{ blend: 0.8 }, /secondpass\.blend is 0\.8: /],
    [{ languages: ['english'] }, /secondpass\.languages is an array of 1: .* two letters each/],
    [{ scripts: [] }, /secondpass\.scripts is an array of 0: /],
    [{ scripts: ['Klingon'] }, /secondpass\.scripts is an array of 1: .* as Unicode names them/],
    [{ scripts: 'Latin' }, /secondpass\.scripts is "Latin": /],
    [{ mix: 0.8 }, /secondpass\.mix is 0\.8: there is no such option/],
  ])('is refused by name when it is %j', (secondpass, message) => {
    recommend(secondpass)
    expect(() => crossEncoder({ model: folder })).toThrow(expect.objectContaining({ code: 'model-files' }))
    expect(() => crossEncoder({ model: folder })).toThrow(message)
    expect(() => crossEncoder({ model: folder })).toThrow(join(folder, 'config.json'))
  })

  it.each([true, false])(
    'changes no number and therefore not the id; anything else in the file does (sums: %s)',
    (sums) => {
      const idWith = (config: string): string => {
        writeFileSync(join(folder, 'config.json'), config)
        rmSync(join(folder, 'SHA256SUMS'), { force: true })
        const sum = createHash('sha256').update(config).digest('hex')
        if (sums) writeFileSync(join(folder, 'SHA256SUMS'), `${sum}  config.json\n`)
        return locateModel(folder).id
      }
      const plain = readFileSync(join(tiny, 'config.json'), 'utf8')
      const recommending = plain.replace(
        /\n\}\s*$/,
        (end) => `,\n  "secondpass": {\n    "blend": { "weight": 0.8 }\n  }${end}`,
      )
      expect(idWith(recommending)).toBe(idWith(plain))
      expect(idWith(recommending.replace('"vocab_size"', '"vocabulary_size"'))).not.toBe(idWith(plain))
    },
  )
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
