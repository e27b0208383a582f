import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkOutput,
  headFor,
  labelsHead,
  outputFor,
  scoreOf,
} from '../../../../packages/core/src/score/cross-encoder/session/tensors.ts'
import type { Head } from '../../../../packages/core/src/score/cross-encoder/session/tensors.ts'

const labels = (...names: string[]): Head => labelsHead({ id2label: Object.fromEntries(names.entries()) })
const read = (head: Head, numbers: readonly number[], dims = [1, numbers.length]): number =>
  scoreOf(head, dims, (at) => numbers[at] as number)

describe('the label that means "relevant"', () => {
  it.each([
    [['LABEL_0'], undefined],
    [['LABEL_0', 'LABEL_1'], undefined],
    [['irrelevant', 'relevant'], 1],
    [['Relevant', 'Not relevant'], 0],
    [['not_relevant', 'LABEL_1'], 1],
    [['no', 'yes'], 1],
    [['negative', 'other'], 1],
    [['negative', 'neutral', 'positive'], 2],
    [['contradiction', 'entailment', 'neutral'], undefined],
  ])('is taken from the names alone: %j gives %s', (names, relevant) => {
    expect(labels(...names)).toEqual({ kind: 'labels', names, relevant })
  })

  it('has the order of the ids, not of the file', () => {
    expect(labelsHead({ id2label: { '2': 'k', '1': 'yes', '0': 'no' } })).toMatchObject({ names: ['no', 'yes', 'k'] })
  })

  it.each([{ '1': 'no', '2': 'yes' }, { '0': 'no', '2': 'yes' }, { no: '0' }])(
    'is refused with the ids %j',
    (id2label) => {
      expect(() => labelsHead({ id2label })).toThrow(/not one for each number from 0/)
    },
  )

  it('is refused when two settings count labels otherwise', () => {
    expect(() => labelsHead({ id2label: { '0': 'no', '1': 'yes' }, num_labels: 3 })).toThrow(
      /num_labels is 3, and id2label names 2/,
    )
    expect(labelsHead({ num_labels: 3 })).toMatchObject({ names: ['LABEL_0', 'LABEL_1', 'LABEL_2'] })
  })

  it.each([undefined, null, {}, { id2label: null }])('is not there without names: %j', (config) => {
    expect(labelsHead(config)).toEqual({ kind: 'labels', names: [], relevant: undefined })
  })
})

describe('the score', () => {
  it('of one label is its number', () => {
    expect(read(labels('LABEL_0'), [-3.25])).toBe(-3.25)
    expect(read(labels('LABEL_0'), [7], [1])).toBe(7)
  })

  it('of several is the log-odds of one: its sigmoid is the softmax', () => {
    const number = fc.double({ min: -40, max: 40, noNaN: true })
    fc.assert(
      fc.property(fc.array(number, { minLength: 2, maxLength: 5 }), (numbers) => {
        const names = numbers.map((_, at) => (at === 1 ? 'relevant' : `other ${at}`))
        const sum = numbers.reduce((all, one) => all + Math.exp(one), 0)
        const sigmoid = 1 / (1 + Math.exp(-read(labels(...names), numbers)))
        expect(sigmoid).toBeCloseTo(Math.exp(numbers[1] as number) / sum, 12)
      }),
    )
    expect(read(labels('no', 'yes'), [900, 1000])).toBe(100)
  })

  it('of a language model is read off the last place', () => {
    const numbers = [9, 9, 9, 9, 1, 2, 3, 4]
    expect(read({ kind: 'next-token', yes: 3, no: 1 }, numbers, [1, 2, 4])).toBe(2)
    expect(read({ kind: 'next-token', yes: 3, no: undefined }, numbers, [1, 2, 4])).toBe(4)
    expect(read({ kind: 'next-token', yes: 0, no: 2 }, [5, 6, 8, 7], [1, 1, 4])).toBe(-3)
  })
})

describe('an output that cannot be read', () => {
  const refuse = (head: Head, ...dims: (number | string | undefined)[]) =>
    expect(() => checkOutput(head, { name: 'logits', dims }, 'model.onnx'))

  it('is refused with the names of its labels', () => {
    refuse(labels('contradiction', 'entailment', 'neutral'), 'batch', 3).toThrow(
      /model\.onnx has the output logits \[batch, 3\], 3 labels \(contradiction, entailment, neutral\): .*id2label/,
    )
    refuse(labels('LABEL_0', 'LABEL_1'), 'batch', 2).toThrow(expect.objectContaining({ code: 'model-files' }))
    expect(() => read(labels('LABEL_0', 'LABEL_1'), [1, 2])).toThrow(/2 labels/)
  })

  it('is refused when the layer that scores is missing', () => {
    refuse(labels('LABEL_0'), 'batch', 'length', 384).toThrow(
      /numbers for every token: .*without the layer that scores/,
    )
    refuse({ kind: 'next-token', yes: 5, no: 2 }, 'batch', 1).toThrow(/a language model's is \[batch, length, words\]/)
    refuse({ kind: 'next-token', yes: 500, no: 2 }, 1, 'length', 400).toThrow(/export it again/)
  })

  it('is refused when it is of another width than config.json names labels', () => {
    refuse(labels('irrelevant', 'relevant'), 'batch', 32).toThrow(/\[batch, 32\], 32 labels: config\.json names 2 /)
    refuse(labels('irrelevant', 'relevant'), 'batch', 1).toThrow(/1 labels: config\.json names 2 /)
    expect(() => read(labels('irrelevant', 'relevant'), [1])).toThrow(/names 2/)
    expect(() => read(labels('irrelevant', 'relevant'), [1, 2, 3])).toThrow(/names 2/)
    const two = labelsHead({ architectures: ['BertForSequenceClassification'] })
    expect(() => checkOutput(two, { name: 'logits', dims: ['batch', 1] }, 'model.onnx')).toThrow(/names 2/)
  })

  it('is refused when it is an embedding, however wide', () => {
    for (const name of ['sentence_embedding', 'pooler_output', 'last_hidden_state', 'token_embeddings']) {
      const check = (): void => checkOutput(labels('LABEL_0'), { name, dims: ['batch', 1] }, 'model.onnx')
      expect(check).toThrow(/an embedding: a cross-encoder is needed/)
    }
  })

  it('is refused when modules read another width', () => {
    const head: Head = { kind: 'modules', input: 'token_embeddings', width: 16, steps: [] }
    const of = (dims: (number | string)[], name = 'last_hidden_state'): Head =>
      headFor(head, { name, dims }, 'model.onnx')
    expect(of(['batch', 'length', 16])).toBe(head)
    expect(of(['batch', 'length', 'width'])).toBe(head)
    expect(() => of(['batch', 'length', 32])).toThrow(/the modules of the folder read \[batch, length, 16\]/)
    expect(() => of(['batch', 16])).toThrow(/read \[batch, length, 16\]/)
    expect(() => read(head, [1, 2, 3, 4], [1, 2, 2])).toThrow(/gave \[1, 2, 2\], and 16 features a token are read/)
    // Whoever exported the whole model has the modules in the graph.
    expect(of(['batch', 1], 'logits')).toEqual({ kind: 'labels', names: [], relevant: undefined })
    expect(outputFor(head, ['sentence_embedding', 'last_hidden_state'])).toBe('last_hidden_state')
  })

  it('is refused when a word that is compared is not among its words', () => {
    expect(() => read({ kind: 'next-token', yes: 9, no: 0 }, [1, 2], [1, 1, 2])).toThrow(/more than 9 words/)
  })

  it('is not refused for what only shows when it runs', () => {
    const pass = (head: Head, ...dims: (number | string | undefined)[]) => refuse(head, ...dims).not.toThrow()
    pass(labels('LABEL_0'), 'batch', 1)
    pass(labels('LABEL_0', 'LABEL_1'), 'batch', 'labels')
    pass(labels('no', 'yes'), 'batch', 2)
    pass({ kind: 'next-token', yes: 5, no: 2 }, 'batch', 'length', 400)
  })
})
