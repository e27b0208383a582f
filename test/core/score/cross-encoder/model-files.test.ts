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
    const sums = readFileSync(join(tiny, 'SHA256SUMS'), 'utf8')
    writeFileSync(join(folder, 'SHA256SUMS'), sums.replace(/[0-9a-f]{64} {2}model/, `${wrong}  model`))
    const error = await readTokenizerFiles(locateModel(folder)).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'model-files', message: expect.stringContaining(wrong) })
    expect((error as Error).message).toContain('model.onnx')
  })

  it('whose file is cut short is refused by its sum', async () => {
    await readTokenizerFiles(locateModel(folder))
    truncateSync(join(folder, 'model.onnx'), 1000)
    await expect(readTokenizerFiles(locateModel(folder))).rejects.toThrow('damaged')
  })

  it.each([
    ['is empty', () => ''],
    ['is blank', () => ' \n\n'],
    ['omits the graph', (sums: string) => sums.replace(/.* model\.onnx\n/, '')],
    ['omits the tokenizer', (sums: string) => sums.replace(/.* tokenizer\.json\n/, '')],
    ['omits the config', (sums: string) => sums.replace(/.* config\.json\n/, '')],
    ['names the graph otherwise', (sums: string) => sums.replace('model.onnx', './model.onnx')],
    ['holds something else', (sums: string) => `${sums}# a comment\n`],
    ['names a file outside', (sums: string) => `${sums}${'0'.repeat(64)}  ../../etc/passwd\n`],
    ['names a file that is not there', (sums: string) => `${sums}${'0'.repeat(64)}  vocab.txt\n`],
  ])('whose SHA256SUMS %s is refused', async (_name, change) => {
    const file = join(folder, 'SHA256SUMS')
    writeFileSync(file, change(readFileSync(file, 'utf8')))
    const error = await readTokenizerFiles(locateModel(folder)).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ name: 'RerankError', code: 'model-files' })
  })

  it('has another id when a file that changes numbers is added and its sums leave it out', () => {
    const before = locateModel(folder).id
    writeFileSync(join(folder, 'sentence_bert_config.json'), '{"max_seq_length": 8}')
    expect(locateModel(folder).id).not.toBe(before)
    rmSync(join(folder, 'sentence_bert_config.json'))
    // A temperature changes no logit.
    writeFileSync(join(folder, 'calibration.json'), '{"temperature": 2}')
    expect(locateModel(folder).id).toBe(before)
  })

  it.each(['config.json', 'tokenizer.json', 'tokenizer_config.json', 'calibration.json'])(
    'whose %s holds no object is refused with what it holds',
    async (file) => {
      rmSync(join(folder, 'SHA256SUMS'))
      for (const [content, shown] of [
        ['null', 'null'],
        ['[]', 'an array of 0'],
        ['"text"', '"text"'],
        ['', 'is not readable JSON'],
        ['{"a": ', 'is not readable JSON'],
        ['version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'is a pointer of Git LFS'],
      ] as const) {
        writeFileSync(join(folder, file), content)
        const load = async (): Promise<unknown> => readTokenizerFiles(locateModel(folder))
        const error = await load().catch((caught: unknown) => caught)
        expect(error, content).toMatchObject({ name: 'RerankError', code: 'model-files' })
        expect((error as Error).message).toContain(shown)
        expect((error as Error).message).toContain(file)
      }
    },
  )

  it('whose graph is a pointer of Git LFS is refused before anything loads', () => {
    writeFileSync(join(folder, 'model.onnx'), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n')
    expect(() => locateModel(folder)).toThrow(/model\.onnx is a pointer of Git LFS .* run "git lfs install"/)
  })

  it('named by its graph is refused with the folder to pass', () => {
    expect(() => locateModel(join(folder, 'model.onnx'))).toThrow(/which is a file: pass the folder that it is in, "/)
    expect(() => locateModel(join(folder, 'model.onnx'))).toThrow(expect.objectContaining({ code: 'model-files' }))
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
    ['bundled', { lexical: 0.8, fused: 0.35, other: 0.25 }],
    ['bundled-tiny', { lexical: 0.7, other: 0.05 }],
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
    [{ blend: { weight: { lexical: 0.8, other: 0.2, fused: 2 } } }, /weight\.fused is 2: pass a number from 0 to 1/],
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

  it.each([
    ['bundled', 'model-en-mini'],
    ['bundled-tiny', 'model-en-tiny'],
  ])(
    '%s is known here by its digest: whoever changes weights or version runs packages/core/digests.mjs',
    (model, name) => {
      const sums = readFileSync(join(import.meta.dirname, '../../../../packages', name, 'SHA256SUMS'))
      expect(locateModel(model).sumsDigest).toBe(createHash('sha256').update(sums).digest('hex'))
    },
  )

  it('is refused when its files and their sums were changed together', async () => {
    const folder = locateModel('bundled')
    const forged = { ...folder, sumsDigest: '0'.repeat(64) }
    await expect(readTokenizerFiles(forged)).rejects.toThrow(/is not the model that was published; install the package/)
  })

  it('comes in int8 and nothing else', () => {
    const make = (dtype: 'int8' | 'fp32') => () => new ModelSource({ model: 'bundled', dtype })
    expect(make('int8')).not.toThrow()
    expect(make('fp32')).toThrow(/^dtype is "fp32": the bundled model comes as int8 only/)
  })
})
