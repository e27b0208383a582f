import type { CrossEncoderOptions } from '../score/onnx/options.js'
import { crossEncoder } from '../score/onnx/cross-encoder.js'
import type { TrialReport } from './report.js'

const QUERY = 'how long does it take to boil an egg'
const TEXT = 'A soft egg takes six minutes in boiling water, a hard one ten.'

/** Loads a model and scores one pair a few times. Downloads nothing. */
export async function trialReport(options: CrossEncoderOptions): Promise<TrialReport> {
  const scorer = crossEncoder({ ...options, ...(options.model && { hub: { ...options.hub, offline: true } }) })
  try {
    const start = performance.now()
    await scorer.warmup()
    const loadMs = performance.now() - start
    const call = {
      signal: new AbortController().signal,
      deadline: Infinity,
      now: () => performance.now(),
      stats: {},
      note() {},
    }
    const times: number[] = []
    let logit = Number.NaN
    for (let turn = 0; turn < 5; turn++) {
      const before = performance.now()
      logit = (await scorer.score(QUERY, [TEXT], call))[0] as number
      times.push(performance.now() - before)
    }
    const { provider, refused } = scorer.opened ?? { provider: 'cpu', refused: [] }
    const pairMs = Math.min(...times)
    return { scorerId: scorer.id, provider, refused, loadMs: round(loadMs), pairMs: round(pairMs), logit }
  } finally {
    await scorer.close()
  }
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
