import { readFileSync } from 'node:fs'
import { crossEncoder, RerankError } from '@secondpass/core'
import type { Call } from '@secondpass/core'
import { describe, expect, test } from 'vitest'
import { effectiveTokenizer } from '../../packages/core/src/score/cross-encoder/folder/tokenizer-file.ts'
import { prepareScoring } from '../../packages/core/src/score/cross-encoder/scoring.ts'
import { createLibraryEncoder } from '../../packages/core/src/score/cross-encoder/tokenizer/library.ts'
import { type TokenEncoder, unknownToLibrary } from '../../packages/core/src/score/cross-encoder/tokenizer/pipeline.ts'
import { createTextEncoder } from '../../packages/core/src/score/cross-encoder/tokenizer/wordpiece.ts'
import { sized } from '../fixtures/size.ts'
import { cells, filesOf, type MatrixCell, type MatrixRow, pairs, withCell } from './matrix.ts'

const tried = cells.filter((_, at) => at % sized(10, 1) === 0)
/** Largest difference to PyTorch in fp32. */
const TOLERANCE = 1e-5

function makeCall(): Call {
  return { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
}

/** What differs from Python in a cell; the error of a cell that is refused. */
async function faultsOf(cell: MatrixCell): Promise<string[] | RerankError> {
  try {
    return [...(await tokenFaults(cell)), ...(await withCell(cell, (folder) => scoreFaults(folder, cell.rows)))]
  } catch (error) {
    if (RerankError.is(error)) return error
    throw error
  }
}

async function tokenFaults(cell: MatrixCell): Promise<string[]> {
  const scoring = await prepareScoring({ name: 'model', ...filesOf(cell) }, { splitSpecialTokens: false })
  const faults: string[] = []
  for (const [at, [query, text]] of pairs.entries()) {
    const [ids, segments] = cell.rows[at] as MatrixRow
    const pair = await scoring.pairs.encodePair(await scoring.pairs.encodeQuery(query), text)
    if ([...pair.ids].join() !== ids.join()) faults.push(`pair ${at}: ids ${[...pair.ids].join()} for ${ids.join()}`)
    else if (pair.secondSegmentStart !== segments) faults.push(`pair ${at}: segment 1 from ${pair.secondSegmentStart}`)
  }
  return faults
}

async function scoreFaults(folder: string, rows: readonly MatrixRow[]): Promise<string[]> {
  await using scorer = crossEncoder({ model: folder, splitSpecialTokens: false })
  const faults: string[] = []
  for (const [at, [query, text]] of pairs.entries()) {
    const [, , logit, score] = rows[at] as MatrixRow
    const [found] = (await scorer.score(query, [text], makeCall())) as [number]
    const foundScore = scorer.toProbability?.(found) ?? found
    if (!(Math.abs(found - logit) <= TOLERANCE)) faults.push(`pair ${at}: logit ${found} for ${logit}`)
    if (!(Math.abs(foundScore - score) <= TOLERANCE)) faults.push(`pair ${at}: score ${foundScore} for ${score}`)
  }
  return faults
}

/** Where the tokenizer in JavaScript, as in browsers, differs from the one that serves in Node; nothing where it is refused. */
async function libraryFaults(cell: MatrixCell): Promise<string[]> {
  const { tokenizer, ...more } = filesOf(cell)
  const effective = effectiveTokenizer(tokenizer, more, false).tokenizer
  if (unknownToLibrary(effective) !== undefined) return []
  const [exact, library] = [await createTextEncoder(effective), await createLibraryEncoder(effective)]
  const faults: string[] = []
  for (const text of pairs.flat()) {
    const [ids, found] = [await exact.encode(text), library(text)]
    if (ids.join() !== found.join()) faults.push(`${JSON.stringify(text)}: ${found.join()} for ${ids.join()}`)
  }
  served.add(cell.choices['model'] as string)
  return faults
}
const served = new Set<string>()

/** What is refused, and for which choices. A new reason is a new sentence here, for users to be told. */
const REASONS: readonly (readonly [RegExp, (choices: MatrixCell['choices']) => boolean])[] = [
  [/^model\.dropout of tokenizer\.json is 0\.3: .*set it to null\.$/, ({ model }) => model === 'dropout'],
  [
    /^The pair template of tokenizer\.json has the segments 1, .*: use 0, then 1\.$/,
    ({ joiner }) => joiner === 'types-back',
  ],
  [/^tokenizer_config\.json: split_special_tokens is true/, ({ flag }) => flag === 'split-special'],
  [
    /leaves nothing of the added token/,
    ({ added, normalizer }) => added === 'spaces' && /strip|xlm|deberta/i.test(normalizer ?? ''),
  ],
  // Classes that Python makes anew from a vocabulary of another kind, or with special tokens that are not theirs.
  [/^tokenizer\.json: model is "\w+", .*: the tokenizer_class is for \w+; name another\.$/, isRebuilt],
  [/^tokenizer_config\.json: (cls|sep|mask)_token is /, isRebuilt],
]

function isRebuilt(choices: MatrixCell['choices']): boolean {
  // Of Qwen2, Python takes no other class.
  if (choices['architecture'] === 'qwen2') return true
  return ['own', 'ownFast', 'unnamed', 'no-file'].includes(choices['class'] as string)
}

describe('in browsers', () => {
  test('what is not refused has the tokens that it has in Node', async () => {
    const wrong: unknown[] = []
    for (const cell of cells) {
      const faults = await libraryFaults(cell).catch((error: unknown) => {
        if (RerankError.is(error)) return []
        throw error
      })
      if (faults.length > 0) wrong.push([JSON.stringify(cell.choices), faults.slice(0, 3)])
    }
    expect(wrong).toEqual([])
    expect([...served]).toEqual(expect.arrayContaining(['bytes', 'bytes-ignore-merges', 'unigram']))
  })
})

test('of a long text no more is read than needed, with the same ids', async () => {
  const long = [
    pairs.flat().join(' ').repeat(4),
    `${pairs.flat().join('\n')} `.repeat(4),
    pairs[0]?.[1].repeat(90) ?? '',
  ]
  for (const cell of tried.filter((_, at) => at % sized(4, 1) === 0)) {
    const { tokenizer, ...more } = filesOf(cell)
    const encoder = await encoderOf(tokenizer, more)
    for (const text of encoder === undefined ? [] : long) {
      const whole = await encoder?.encode(text)
      for (const count of [1, 6, 31]) {
        expect(await encoder?.encode(text, count), JSON.stringify(cell.choices)).toEqual(whole?.slice(0, count))
      }
    }
  }
})

async function encoderOf(tokenizer: object, more: object): Promise<TokenEncoder | undefined> {
  try {
    return await createTextEncoder(effectiveTokenizer(tokenizer, more, false).tokenizer)
  } catch (error) {
    if (RerankError.is(error)) return undefined
    throw error
  }
}

describe('a model folder gives Python’s tokens, logits and scores, or is refused by name', () => {
  let [equal, refused] = [0, 0]

  test.each([...new Set(tried.map(({ choices }) => choices['architecture'] as string))])('%s', async (name) => {
    const wrong: unknown[] = []
    for (const cell of tried.filter(({ choices }) => choices['architecture'] === name)) {
      const faults = await faultsOf(cell)
      const { choices } = cell
      if (Array.isArray(faults)) {
        equal += faults.length === 0 ? 1 : 0
        if (faults.length > 0) wrong.push([JSON.stringify(choices), faults.slice(0, 3)])
        continue
      }
      refused += 1
      const isKnown = REASONS.some(([reason, isMeant]) => reason.test(faults.message) && isMeant(choices))
      if (!isKnown) wrong.push([JSON.stringify(choices), faults.message])
    }
    expect(wrong).toEqual([])
  })

  test('most are not refused', () => {
    const page = readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8')
    expect(page).toContain(`makes ${cells.length} model folders`)
    expect(equal + refused).toBe(tried.length)
    expect(equal).toBeGreaterThan(0.7 * tried.length)
  })
})
