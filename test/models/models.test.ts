import { RerankError, crossEncoder, fetchModel } from '@secondpass/core'
import type { Call } from '@secondpass/core'
import { describe, expect, test } from 'vitest'
import { type GoldenScores, golden, headless } from './golden.ts'

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
    `\nSKIPPED: none of the ${golden.length + 1} golden scores of public models was tried.\n${obstacle}\n\n`,
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

  test(`${headless.model}: scored as published, or refused because its graph has no head`, async () => {
    const found = await scoresOf(headless).catch((error: unknown) => error)
    if (Array.isArray(found)) return expectNear(found as number[], headless)
    expect(found).toMatchObject({ code: 'model-files' })
    expect((found as Error).message).toMatch(/without the layer that scores|no ONNX|no graph/)
  })
})
