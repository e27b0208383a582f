import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AutoModelForSequenceClassification, AutoTokenizer, env } from '@huggingface/transformers'
import { crossEncoder, createReranker, transformers } from '@secondpass/core'
import { describe, expect, it } from 'vitest'
import { requireFrom, sumsExactlyIn } from '../../../../packages/core/src/score/cross-encoder/session/copies.ts'
import { sumsExactly } from '../../../../packages/core/src/score/cross-encoder/session/sums.ts'

const core = join(import.meta.dirname, '../../../../packages/core')
const fixtures = join(import.meta.dirname, '../../../fixtures')
const bundled = dirname(fileURLToPath(import.meta.resolve('@secondpass/model-en-mini/package.json')))
const small = dirname(fileURLToPath(import.meta.resolve('@secondpass/model-en-tiny/package.json')))

const call = (signal = new AbortController().signal) => ({
  signal,
  deadline: Infinity,
  now: () => 0,
  stats: {} as Record<string, number>,
  note() {},
})

const query = 'What happens when my card is declined?'
const texts = [
  '',
  'When a card is declined, the order waits for three days.',
  'The office opens at nine. '.repeat(60),
  'كيف تعمل البطاقة؟ 卡被拒绝 😀',
  `${'word '.repeat(200)}card declined`,
  'Cards are made of plastic.',
]

describe.each<readonly [name: string, model: string]>([
  ['a lean graph', join(fixtures, 'tiny-bert')],
  ['a stock graph with attention mask and segments', join(fixtures, 'tiny-bert-stock')],
  ['the bundled model', bundled],
  ['the small model', small],
])('%s', (_name, model) => {
  it('has the scores of crossEncoder, to the bit', async () => {
    await using ours = crossEncoder({ model, graph: 'original' })
    await using theirs = transformers({ model })
    expect(await theirs.score(query, texts, call())).toEqual(await ours.score(query, texts, call()))
    expect(await theirs.countTokens(texts[2] as string)).toBe(await ours.countTokens(texts[2] as string))
  })
})

it('loads a type that transformers.js has no class for, when training/export wrote the graph', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-split-'))
  try {
    const tiny = join(fixtures, 'tiny-bert')
    cpSync(tiny, folder, { recursive: true })
    rmSync(join(folder, 'SHA256SUMS'), { force: true })
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as object
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, model_type: 'secondpass-split' }))
    await using scorer = transformers({ model: folder })
    await using ours = crossEncoder({ model: tiny })
    expect(await scorer.score(query, texts, call())).toEqual(await ours.score(query, texts, call()))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('asks the runtime that transformers.js has loaded whether sums of bytes are exact, and takes no answer for no', async () => {
  expect(await sumsExactlyIn('@huggingface/transformers')).toBe(
    await sumsExactly(requireFrom(join(core, 'package.json'), 'onnxruntime-node')),
  )
  expect(await sumsExactlyIn('a-package-that-is-not-there')).toBe(false)
})

describe('a model that is loaded already', () => {
  const model = join(fixtures, 'tiny-bert-stock')
  const load = async () => {
    const options = { subfolder: '', dtype: 'fp32', local_files_only: true } as const
    return {
      model: await AutoModelForSequenceClassification.from_pretrained(model, options),
      tokenizer: await AutoTokenizer.from_pretrained(model, options),
    }
  }

  it('is used as it is, with our way of joining and cutting, and outlives the scorer', async () => {
    const loaded = await load()
    await using ours = crossEncoder({ model, graph: 'original' })
    const scorer = transformers({ model: loaded, name: 'tiny', revision: '1' })
    const expected = await ours.score(query, texts, call())
    expect(scorer.id).toBe('tiny@1:transformers:cpu:fp32')
    expect(await scorer.score(query, texts, call())).toEqual(expected)
    await scorer.close()
    const { logits } = await loaded.model(loaded.tokenizer('still here'))
    expect(logits.dims).toEqual([1, 1])
    await loaded.model.dispose()
  })

  it('must have a name, since scores are cached by it', async () => {
    const loaded = await load()
    expect(() => transformers({ model: loaded })).toThrow(
      /^name is undefined: the model does not say what it is called/,
    )
    await loaded.model.dispose()
  })
})

describe('in between', () => {
  const model = join(fixtures, 'tiny-bert')

  it('lets the event loop turn after each pair', async () => {
    await using scorer = transformers({ model })
    await scorer.warmup()
    let turns = 0
    const turning = setInterval(() => (turns += 1), 0)
    const stats = call()
    await scorer.score(
      query,
      Array.from({ length: 40 }, (_, at) => `text ${at}`),
      stats,
    )
    clearInterval(turning)
    expect(stats.stats['runs']).toBe(40)
    expect(turns).toBeGreaterThan(1)
  })

  it('stops at the next pair when the caller aborts', async () => {
    await using scorer = transformers({ model })
    await scorer.warmup()
    const controller = new AbortController()
    const aborted = call(controller.signal)
    const scoring = scorer.score(
      query,
      Array.from({ length: 500 }, (_, at) => `text ${at}`),
      aborted,
    )
    setImmediate(() => controller.abort(new Error('no more')))
    await expect(scoring).rejects.toThrow('no more')
    expect(aborted.stats['runs'] ?? 0).toBeLessThan(500)
  })

  it('rejects with code deadline once that has passed', async () => {
    await using scorer = transformers({ model })
    const stats: Record<string, number> = {}
    const late = { ...call(), stats, deadline: 1, now: () => ((stats['runs'] ?? 0) < 3 ? 0 : 1) }
    await expect(scorer.score(query, texts, late)).rejects.toMatchObject({ code: 'deadline' })
    expect(late.stats['runs']).toBe(3)
  })

  it('leaves the settings of transformers.js as they were', async () => {
    const before = { allowLocalModels: env.allowLocalModels, allowRemoteModels: env.allowRemoteModels }
    env.allowLocalModels = false
    await using scorer = transformers({ model })
    await scorer.warmup()
    expect(env.allowLocalModels).toBe(false)
    Object.assign(env, before)
  })

  it('leaves them so while several models load at once', async () => {
    const before = env.allowLocalModels
    env.allowLocalModels = false
    await using one = transformers({ model })
    await using other = transformers({ model: join(fixtures, 'tiny-bert-stock') })
    await Promise.all([one.warmup(), other.warmup()])
    expect(env.allowLocalModels).toBe(false)
    env.allowLocalModels = before
  })

  it('reports progress, and survives a progress line that throws', async () => {
    const files: string[] = []
    const onProgress = ({ file }: { file: string }): void => {
      files.push(file)
      throw new Error('no terminal')
    }
    await using scorer = transformers({ model, onProgress })
    await scorer.warmup()
    expect(files).toContain('config.json')
  })
})

it('ranks as a stage of a reranker, with probabilities', async () => {
  await using reranker = createReranker({ scorer: transformers({ model: bundled, revision: '1' }) })
  const { results, report } = await reranker.rerank(query, texts.slice(1), { topN: 1 })
  expect(results[0]).toMatchObject({ index: 0, candidate: { text: texts[1] } })
  expect(results[0]?.score).toBeGreaterThan(0)
  expect(report.stages[0]).toMatchObject({ scorerId: `${bundled}@1:transformers:cpu:default`, outcome: 'ranked' })
})
