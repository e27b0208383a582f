import { crossEncoder } from '@secondpass/core'
import type { Call, CrossEncoder } from '@secondpass/core'
import { describe, expect, test } from 'vitest'
import { type FamilyPair, familyNames, readFamily, scoringOf, withFolder } from './families.ts'

/** Largest difference to PyTorch in fp32; the golden logits are rounded to 1e-7. Measured: 5e-6. */
const TOLERANCE = 1e-4

function makeCall(): Call {
  return { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
}

/** A scorer for each limit, all of one folder. */
async function scored(folder: string, rows: readonly FamilyPair[]): Promise<{ scorer: CrossEncoder; logit: number }[]> {
  const scorers = new Map<number, CrossEncoder>()
  const results = []
  for (const { query, text, maxLength } of rows) {
    const scorer = scorers.get(maxLength) ?? crossEncoder({ model: folder, maxLength, splitSpecialTokens: false })
    scorers.set(maxLength, scorer)
    const [logit] = await scorer.score(query, [text], makeCall())
    results.push({ scorer, logit: logit as number })
  }
  await Promise.all([...scorers.values()].map((scorer) => scorer.close()))
  return results
}

describe.each(familyNames)('%s', (name) => {
  const family = readFamily(name)

  test('has 200 pairs, among them cut and whole ones, long ones and such as fill the limit', () => {
    const { rows } = family
    expect(rows).toHaveLength(200)
    expect(rows.filter(({ truncated }) => truncated).length).toBeGreaterThan(20)
    expect(rows.filter(({ truncated }) => !truncated).length).toBeGreaterThan(50)
    expect(rows.some(({ text }) => text.length > 10_000)).toBe(true)
    expect(rows.some(({ ids, maxLength, truncated }) => ids.length === maxLength && !truncated)).toBe(true)
    expect(rows.some(({ query, text }) => query === '' && text === '')).toBe(true)
  })

  test('token ids, segments and what was cut equal those of Python for every pair', async () => {
    const scoring = scoringOf(name, family)
    // What the tokenizer says of segments is not asked for where the model is not fed any.
    const inputs = family.files['tokenizer_config.json']?.['model_input_names'] as readonly string[] | undefined
    const hasSegments = inputs?.includes('token_type_ids') ?? false
    const wrong = []
    for (const row of family.rows) {
      const { pairs } = await scoring(row.maxLength)
      const pair = await pairs.encodePair(await pairs.encodeQuery(row.query), row.text)
      const same =
        [...pair.ids].join() === row.ids.join() &&
        pair.secondSegmentStart === (hasSegments ? row.secondSegmentStart : pair.ids.length) &&
        (pair.truncated || pair.queryTruncated) === row.truncated
      if (!same) wrong.push([row.query.slice(0, 40), row.text.slice(0, 40), row.maxLength])
    }
    expect(wrong).toEqual([])
  })

  test('logits equal those of PyTorch, and scores those of CrossEncoder.predict', async () => {
    const results = await withFolder(name, family, (folder) => scored(folder, family.rows))
    const wrong = family.rows.filter(({ logit, score }, at) => {
      const found = results[at] as { scorer: CrossEncoder; logit: number }
      if (!(Math.abs(found.logit - logit) <= TOLERANCE)) return true
      if (score === undefined) return false
      return !(Math.abs((found.scorer.toProbability?.(found.logit) ?? found.logit) - score) <= TOLERANCE)
    })
    expect(wrong.map(({ query, text, logit, score }) => [query.slice(0, 40), text.slice(0, 40), logit, score])).toEqual(
      [],
    )
  })
})

test('the activations of the reference are both among the families', async () => {
  const kinds = new Map<string, boolean>()
  for (const name of familyNames) {
    await withFolder(name, readFamily(name), async (folder) => {
      await using scorer = crossEncoder({ model: folder })
      kinds.set(name, scorer.toProbability !== undefined)
    })
  }
  const bare = [...kinds].filter(([, hasProbability]) => !hasProbability).map(([name]) => name)
  expect(bare).toEqual(['xlm-roberta-older', 'deberta-v2'])
})
