import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { crossEncoder } from '@secondpass/core'
import type { Call } from '@secondpass/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFolder, readTokenizerFiles } from '../../packages/core/src/score/cross-encoder/model-files.ts'
import { prepareScoring } from '../../packages/core/src/score/cross-encoder/scoring.ts'
import { readGolden } from './golden.ts'

/** A folder as `CrossEncoder.save_pretrained` writes it, and what Python makes of pairs; see generate_layouts.py. */
interface Layout {
  /** By their paths, in base64. */
  readonly files: Readonly<Record<string, string>>
  /** The weights of its graph, where a graph can be made of them. */
  readonly weights?: string
  readonly rows: readonly {
    readonly query: string
    readonly text: string
    readonly ids: readonly number[]
    /** Before the activation. */
    readonly logit: number
    /** What `CrossEncoder.predict` answers. */
    readonly score: number
  }[]
}

/** @param files by their paths, in base64 */
function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), Buffer.from(content, 'base64'))
  }
}

/** Largest difference to PyTorch's floats of 32 bits. */
const TOLERANCE = 1e-5

const call: Call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }

describe.each(['ettin', 'prompted-mean', 'every-pooling', 'yes-no', 'yes-alone'])('%s', (name) => {
  const { files, rows } = readGolden<Layout>(`layouts/${name}.json.gz`)
  const place = mkdtempSync(join(tmpdir(), 'secondpass-layout-'))
  const folder = join(place, name)

  beforeAll(() => {
    writeFiles(folder, files)
  })
  afterAll(() => rmSync(place, { recursive: true }))

  test('token ids equal those of Python for every pair', async () => {
    const graph = { dtype: 'auto', onProcessor: true, arch: process.arch } as const
    const opened = openFolder({ path: folder, model: folder, graph })
    const layout = opened.layout()
    const { pairs } = await prepareScoring(
      { name, config: opened.config, layout, ...(await readTokenizerFiles(opened, layout)) },
      { splitSpecialTokens: false },
    )
    const wrong = []
    for (const { query, text, ids } of rows) {
      const pair = await pairs.encodePair(await pairs.encodeQuery(query), text)
      if ([...pair.ids].join() !== ids.join()) wrong.push([query, text, [...pair.ids], ids])
    }
    expect(wrong).toEqual([])
  })

  test.each([0, 1])('logits and scores equal those of CrossEncoder.predict, with %i workers', async (workers) => {
    await using scorer = crossEncoder({ model: folder, workers, splitSpecialTokens: false })
    const wrong = []
    for (const { query, text, logit, score } of rows) {
      const [found] = (await scorer.score(query, [text], call)) as [number]
      const shown = scorer.toProbability?.(found) ?? found
      const isRight = Math.abs(found - logit) <= TOLERANCE && Math.abs(shown - score) <= TOLERANCE
      if (!isRight) wrong.push([query, text, found, logit, shown, score])
    }
    expect(wrong).toEqual([])
  })
})

describe('weights of a ModernBERT, and modules that score', () => {
  const { files, rows, weights = '' } = readGolden<Layout>('layouts/ettin.json.gz')
  const place = mkdtempSync(join(tmpdir(), 'secondpass-layout-weights-'))
  const folder = join(place, 'model')
  const before = process.env['HF_HOME']

  beforeAll(() => {
    process.env['HF_HOME'] = join(place, 'home')
    const { 'model.onnx': _graph, ...others } = files
    writeFiles(folder, { ...others, 'model.safetensors': weights })
  })
  afterAll(() => {
    rmSync(place, { recursive: true })
    if (before === undefined) delete process.env['HF_HOME']
    else process.env['HF_HOME'] = before
  })

  const logitsBy = async (options: object): Promise<readonly number[]> => {
    await using scorer = crossEncoder({ model: folder, splitSpecialTokens: false, ...options })
    const found = []
    for (const { query, text } of rows) found.push(...(await scorer.score(query, [text], call)))
    expect(scorer.graph).toEqual({ kind: 'lean' })
    return found
  }

  test.each([0, 1])(
    'give the logits of CrossEncoder.predict without any graph file, with %i workers',
    async (workers) => {
      const found = await logitsBy({ workers })
      const wrong = rows.filter(({ logit }, at) => !(Math.abs((found[at] as number) - logit) <= TOLERANCE))
      expect(wrong).toEqual([])
    },
  )

  test('are not read where there is a graph of the format that is asked for', async () => {
    writeFileSync(join(folder, 'model.onnx'), Buffer.from(files['model.onnx'] as string, 'base64'))
    for (const dtype of ['auto', 'fp32'] as const) {
      await using scorer = crossEncoder({ model: folder, dtype, splitSpecialTokens: false })
      const [{ query, text, logit }] = rows as [Layout['rows'][number]]
      expect((await scorer.score(query, [text], call))[0]).toBeCloseTo(logit, 4)
      expect(scorer.graph).toEqual({ kind: 'original' })
    }
    rmSync(join(folder, 'model.onnx'))
  })

  test('give nearly the same in int8, although there is a graph in fp32', async () => {
    writeFileSync(join(folder, 'model.onnx'), Buffer.from(files['model.onnx'] as string, 'base64'))
    const rounded = await logitsBy({ dtype: 'int8' })
    rmSync(join(folder, 'model.onnx'))
    const logits = rows.map(({ logit }) => logit)
    const spread = Math.max(...logits) - Math.min(...logits)
    for (const [at, logit] of logits.entries())
      expect(Math.abs((rounded[at] as number) - logit)).toBeLessThan(spread / 10)
  })

  test('without the modules are no cross-encoder, and the error says so', () => {
    const alone = join(place, 'encoder')
    const needed = ['config.json', 'tokenizer.json', 'tokenizer_config.json'].map((name) => [
      name,
      files[name] as string,
    ])
    writeFiles(alone, { ...Object.fromEntries(needed), 'model.safetensors': weights })
    expect(() => crossEncoder({ model: alone })).toThrow(/architectures is "ModernBertModel"/)
  })
})
