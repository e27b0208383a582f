import { RerankError, crossEncoder, fetchModel } from '@secondpass/core'
import type { Call } from '@secondpass/core'
import { describe, expect, test } from 'vitest'
import { type GoldenScores, awaited, golden } from './golden.ts'

/** Models larger than this are left out: SECONDPASS_MODELS_MB=700 pnpm test:models. Default: none. */
const largestMegabytes = Number(process.env['SECONDPASS_MODELS_MB'] ?? Infinity)

function makeCall(): Call {
  return { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
}

/** Why nothing can be downloaded here, or nothing. The smallest model is asked for, which the tests need anyway. */
async function whyNot(): Promise<string | undefined> {
  try {
    await fetchModel('cross-encoder/ms-marco-TinyBERT-L2-v2')
    return undefined
  } catch (error) {
    // Only for want of a network: whatever else is wrong is to be seen.
    const isOffline = RerankError.is(error) && (error.code === 'scorer' || process.env['HF_HUB_OFFLINE'] !== undefined)
    if (!isOffline) throw error
    return error.message
  }
}

const obstacle = await whyNot()
if (obstacle !== undefined) {
  // Said where nobody can miss it: a green run that tried nothing must not pass for one that did.
  process.stderr.write(
    `\nSKIPPED: none of the ${golden.length} golden scores of public models was tried.\n${obstacle}\n\n`,
  )
}

async function scoresOf({ model, query, texts, kind }: GoldenScores): Promise<number[]> {
  await using scorer = crossEncoder({ model, dtype: 'fp32', splitSpecialTokens: false })
  const logits = await scorer.score(query, texts, makeCall())
  return logits.map((logit) => (kind === 'logits' ? logit : (scorer.toProbability?.(logit) ?? logit)))
}

function expectNear(found: readonly number[], { expected, tolerance, source }: GoldenScores): void {
  const far = expected.filter((number, at) => !(Math.abs(number - (found[at] as number)) <= tolerance))
  expect(far, `${found.join(', ')} against ${expected.join(', ')} of ${source}`).toEqual([])
}

const skipped = obstacle === undefined ? '' : ' (skipped: the hub cannot be reached here)'

describe.skipIf(skipped !== '')(`public models${skipped}`, () => {
  for (const entry of golden) {
    const tooLarge = entry.megabytes > largestMegabytes ? ` (skipped: ${entry.megabytes} MB)` : ''
    test.skipIf(tooLarge !== '')(`${entry.model}: ${entry.kind} of "${entry.query}"${tooLarge}`, async () => {
      expectNear(await scoresOf(entry), entry)
    })
  }

  // Numbers are never made up: until somebody has computed them, all that is asked for is that the model can be scored.
  for (const { model, megabytes, dtype, because } of awaited) {
    const tooLarge = megabytes > largestMegabytes ? ` (skipped: ${megabytes} MB)` : ''
    test.skipIf(tooLarge !== '')(`${model} ${dtype ?? ''}: awaits numbers, ${because}${tooLarge}`, async () => {
      await using scorer = crossEncoder({ model, dtype: dtype ?? 'auto' })
      const found = await scorer.score('what is panda?', ['hi', 'The giant panda is a bear.'], makeCall())
      process.stderr.write(`${model} ${dtype ?? ''} gives ${found.join(', ')}: see test/models/compute.py\n`)
      expect(found[1]).toBeGreaterThan(found[0] as number)
    })
  }
})
