import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { defaultDevice, idOf, isFolder } from '../../../../packages/core/src/score/transformers/options.ts'
import { feedsFor, transformers } from '../../../../packages/core/src/score/transformers/transformers.ts'

afterEach(() => void vi.unstubAllGlobals())

describe('wrong options', () => {
  it.each<[object, RegExp]>([
    [{}, /^model is undefined: pass 'org\/name', a folder/],
    [{ model: '  ' }, /^model is " {2}": pass/],
    [
      { model: 'bundled-tiny' },
      /^model is "bundled-tiny": pass the folder .* @secondpass\/model-en-tiny are, such as '\/models/,
    ],
    [{ model: { model: 1 } }, /^model is an object with keys \["model"\]: pass/],
    [{ model: 'a/b', device: 'gpu' }, /^device is "gpu": pass one of 'wasm', 'webgpu', 'cpu'/],
    [{ model: 'a/b', dtype: 'int4' }, /^dtype is "int4": pass one of/],
    [{ model: 'a/b', revision: '' }, /^revision is "": pass a name/],
    [{ model: 'a/b', threads: 0 }, /^threads is 0: pass a whole number from 1/],
    [{ model: 'a/b', temperature: 0 }, /^temperature is 0: pass a number above 0/],
    [{ model: 'a/b', onProgress: 1 }, /^onProgress is 1: pass a function/],
    [{ model: 'a/b', maxLength: 4 }, /^maxLength is 4/],
    [{ model: 'a/b', quantized: true }, /^options\.quantized is true: there is no such option/],
  ])('%o throw where they are written', (options, message) => {
    expect(() => transformers(options as never)).toThrow(message)
    expect(() => transformers(options as never)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

describe('the id', () => {
  it.each<[Parameters<typeof idOf>[0], string]>([
    [{ model: 'org/name' }, 'org/name@main:transformers:cpu:default'],
    [{ model: 'org/name', revision: 'abc', device: 'webgpu', dtype: 'fp16' }, 'org/name@abc:transformers:webgpu:fp16'],
    [{ model: '/models/mini/', device: 'wasm' }, '/models/mini:transformers:wasm:default'],
    [{ model: '/models/mini', revision: '2', maxLength: 99 }, '/models/mini@2:transformers:cpu:default:max99'],
    [{ model: 'a/b', longText: 'windows' }, 'a/b@main:transformers:cpu:default:windows-default'],
  ])('of %o is %s', (options, id) => expect(idOf(options)).toBe(id))

  it('says wasm where there is no Node.js', () => {
    vi.stubGlobal('process', undefined)
    expect(defaultDevice()).toBe('wasm')
  })
})

it('tells folders from names', () => {
  for (const folder of ['/m', './m', '../../m', 'C:\\m', 'https://x.test/m'])
    expect({ folder, is: isFolder(folder) }).toEqual({ folder, is: true })
  for (const name of ['org/name', 'name', 'http-org/name'])
    expect({ name, is: isFolder(name) }).toEqual({ name, is: false })
})

describe('what cannot be loaded', () => {
  const call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
  const errorOf = (options: Parameters<typeof transformers>[0]) =>
    transformers(options)
      .score('q', ['t'], call)
      .catch((error: unknown) => error)

  it('is said: an empty folder, and what belongs there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'secondpass-empty-'))
    const error = await errorOf({ model: folder })
    rmSync(folder, { recursive: true })
    expect(error).toMatchObject({
      code: 'model-files',
      message: expect.stringMatching(/did not load ".*" \(.+\): check that the folder holds config\.json/s),
    })
  })

  it('is said: a device that is not here', async () => {
    const error = await errorOf({ model: join(import.meta.dirname, '../../../fixtures/tiny-bert'), device: 'wasm' })
    expect(error).toMatchObject({
      code: 'runtime',
      message: expect.stringMatching(/^device is "wasm": .* in Node\.js use 'cpu'/),
    })
  })

  it('is said: an address, in Node.js', async () => {
    expect(await errorOf({ model: 'https://example.test/model/' })).toMatchObject({ code: 'invalid-argument' })
  })
})

describe('the inputs', () => {
  class Tensor {
    constructor(
      readonly type: string,
      readonly data: ArrayLike<number | bigint>,
      readonly dims: readonly number[],
    ) {}
  }
  const pair = { ids: Int32Array.of(2, 5, 3, 7, 3), secondSegmentStart: 3 }
  const model = (inputNames: string[], types?: string[]) => ({
    config: { max_position_embeddings: 64 },
    sessions: {
      model: {
        inputNames,
        ...(types && { inputMetadata: inputNames.map((name, at) => ({ name, type: types[at] as string })) }),
      },
    },
  })
  const feed = (names: string[], types?: string[]) =>
    Object.fromEntries(
      Object.entries(feedsFor(model(names, types), Tensor)(pair.ids, pair.secondSegmentStart)).map(([name, tensor]) => {
        const { type, data, dims } = tensor as Tensor
        return [name, `${type} ${JSON.stringify(dims)} ${Array.from(data, Number).join(' ')}`]
      }),
    )

  it('are those that the graph has, segments only where it asks', () => {
    expect(feed(['input_ids'])).toEqual({ input_ids: 'int64 [1,5] 2 5 3 7 3' })
    expect(feed(['input_ids', 'attention_mask', 'token_type_ids'], ['int32', 'int32', 'int32'])).toEqual({
      input_ids: 'int32 [1,5] 2 5 3 7 3',
      attention_mask: 'int32 [1,5] 1 1 1 1 1',
      token_type_ids: 'int32 [1,5] 0 0 0 1 1',
    })
    expect(feed(['token_ids', 'position_type_ids'])).toEqual({
      token_ids: 'int32 [5] 2 5 3 7 3',
      position_type_ids: 'int32 [5] 0 1 2 67 68',
    })
  })

  it('for what was made of texts before are empty rows, whose length config.json says where the runtime does not', () => {
    const { sessions } = model(['token_ids', 'position_type_ids', 'known_query', 'known_passage'])
    const config = { max_position_embeddings: 64, state_widths: { query: 6, passage: 5 } }
    expect(feedsFor({ config, sessions }, Tensor)(pair.ids, pair.secondSegmentStart)).toMatchObject({
      known_query: { type: 'float32', dims: [0, 6] },
      known_passage: { type: 'uint8', dims: [0, 5] },
    })
  })

  it('that nobody knows are refused by name', () => {
    expect(() => feed(['input_ids', 'pixel_values'])).toThrow(/^The model has the inputs input_ids, pixel_values: /)
  })
})

describe('the numbers of a model', () => {
  const files = join(import.meta.dirname, '../../../fixtures/tiny-bert')
  const json = (name: string): unknown => JSON.parse(readFileSync(join(files, name), 'utf8'))
  class Tensor {
    readonly dims = [1]
  }
  /** What a loaded model looks like from here, with the answer given. */
  const answering = (logits: object, secondpass?: object) => {
    const sessions = { model: { inputNames: ['input_ids'], config: { device: 'webgpu', dtype: 'fp16' } } }
    const config = { ...(json('config.json') as object), ...(secondpass && { secondpass }) }
    const model = Object.assign(async () => ({ logits }), { config, sessions })
    const tokenizer = Object.assign(() => ({ input_ids: new Tensor() }), { _tokenizerJSON: json('tokenizer.json') })
    return transformers({ model: { model, tokenizer }, name: 'half' })
  }
  const call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }

  it('are floats also where half floats come as their bare bits', async () => {
    const scorer = answering({ type: 'float16', data: Uint16Array.of(0xc100), dims: [1, 1] })
    expect(scorer.id).toBe('half:transformers:webgpu:fp16')
    expect(await scorer.score('query', ['text'], call)).toEqual([-2.5])
  })

  it('come with what the config recommends, once the model is loaded', async () => {
    const scorer = answering({ type: 'float32', data: Float32Array.of(1), dims: [1, 1] }, { scripts: ['Latin'] })
    expect(scorer.defaults).toBeUndefined()
    await scorer.score('query', ['text'], call)
    expect(scorer.defaults).toEqual({ scripts: ['Latin'] })
    const wrong = answering({ type: 'float32', data: Float32Array.of(1), dims: [1, 1] }, { scripts: 'Latin' })
    await expect(wrong.score('query', ['text'], call)).rejects.toMatchObject({
      code: 'model-files',
      message: expect.stringMatching(/config\.json, secondpass\.scripts is "Latin": /),
    })
  })

  it('are refused when there are several and none is said to mean relevant', async () => {
    const scorer = answering({ type: 'float32', data: Float32Array.of(1, 2, 3), dims: [1, 3] })
    await expect(scorer.score('query', ['text'], call)).rejects.toMatchObject({
      code: 'model-files',
      message: expect.stringMatching(/3 labels/),
    })
  })
})
