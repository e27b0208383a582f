import { describe, expect, it } from 'vitest'
import { readOptions } from '../../../../packages/core/src/base/check.ts'
import { readActivation } from '../../../../packages/core/src/score/cross-encoder/folder/activation.ts'
import { scoringOptions, scoringParts } from '../../../../packages/core/src/score/cross-encoder/scoring-options.ts'

const sigmoid = 'torch.nn.modules.activation.Sigmoid'
const identity = 'torch.nn.modules.linear.Identity'
const nested = (activation_fn: unknown) => ({ sentence_transformers: { activation_fn } })

describe('the activation', () => {
  it.each([
    ['none is named', {}, 'sigmoid'],
    ['config.json names it', { config: nested(identity) }, 'identity'],
    [
      'config.json names it as before version 4',
      { config: { sbert_ce_default_activation_function: identity } },
      'identity',
    ],
    [
      'both ways differ: the newer',
      { config: { ...nested(sigmoid), sbert_ce_default_activation_function: identity } },
      'sigmoid',
    ],
    ['its own file names it too: that', { config: nested(sigmoid), ofModules: identity }, 'identity'],
    [
      'the newer way is there and empty',
      { config: { ...nested(null), sbert_ce_default_activation_function: identity } },
      'sigmoid',
    ],
    ['the older way is empty', { config: { sbert_ce_default_activation_function: null } }, 'sigmoid'],
  ])('when %s', (_, files, expected) => {
    expect(readActivation(files)).toBe(expected)
  })

  it.each([
    'torch.nn.modules.activation.Tanh',
    // Python takes the sigmoid in place of what it does not trust, and warns.
    'custom_code.MyActivation',
    'torch.nn.functional.sigmoid',
    'Sigmoid',
    7,
  ])('is refused by name when it is %s', (named) => {
    const message = `config.json: the model's activation is ${JSON.stringify(named)}, which is not known`
    expect(() => readActivation({ config: nested(named) })).toThrow(message)
    expect(() => readActivation({ config: { sbert_ce_default_activation_function: named } })).toThrow(message)
    expect(() => readActivation({ ofModules: named })).toThrow(
      message.replace('config', 'config_sentence_transformers'),
    )
  })
})

describe('the options', () => {
  it.each([
    [{ template: 'qwen4' }, /^template is "qwen4": pass 'qwen3-reranker' or 'mxbai-rerank-v2'/],
    [{ instruction: ' ' }, /^instruction is " ": /],
    [{ activation: 'softmax' }, /^activation is "softmax": pass 'sigmoid' or 'identity'/],
  ])('%j is refused', (options, message) => {
    expect(() => readOptions(scoringOptions, options)).toThrow(message)
  })

  it('are part of the id, each of them', () => {
    expect(scoringParts({})).toEqual([])
    const all = { template: 'qwen3-reranker', instruction: 'Find "laws"', activation: 'identity' } as const
    expect(scoringParts(all)).toEqual(['qwen3-reranker', 'instruction="Find \\"laws\\""', 'identity'])
  })
})
