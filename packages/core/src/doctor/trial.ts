import type { OnnxCrossEncoder } from '../score/cross-encoder/cross-encoder.js'
import type { Call, ScorerDefaults } from '../types.js'

/** What scoring one pair takes. */
export interface TrialReport {
  readonly scorerId: string
  /** What the scorer recommends for itself. `null` when it recommends nothing. */
  readonly defaults: ScorerDefaults | null
  readonly provider: string
  /** Providers that were asked for and could not be used. */
  readonly refused: readonly { readonly provider: string; readonly reason: string }[]
  /** What turned text into tokens: `'wordpiece'`, `'rust'` (the package `tokenizers`) or `'javascript'`. */
  readonly tokenizer: string
  /** `'lean'`, or `'original'` with the reason where a lean graph was tried. */
  readonly graph: string
  /** From nothing to a model that is ready, in milliseconds. */
  readonly loadMs: number
  /** One pair of 27 tokens, the fastest of five, in milliseconds. */
  readonly pairMs: number
  readonly logit: number
}

const QUERY = 'how long does it take to boil an egg'
const TEXT = 'A soft egg takes six minutes in boiling water, a hard one ten.'

/** Loads a model and scores one pair a few times. */
export async function trialReport(scorer: OnnxCrossEncoder): Promise<TrialReport> {
  const start = performance.now()
  await scorer.warmup()
  const loadMs = performance.now() - start
  const call = oneCall()
  const pairTimes: number[] = []
  let logit = Number.NaN
  for (let turn = 0; turn < 5; turn++) {
    const before = performance.now()
    logit = (await scorer.score(QUERY, [TEXT], call))[0] as number
    pairTimes.push(performance.now() - before)
  }
  const { provider, refused } = scorer.opened ?? { provider: 'cpu', refused: [] }
  const pairMs = pairTimes.reduce((least, time) => Math.min(least, time))
  const times = { loadMs: round(loadMs), pairMs: round(pairMs) }
  const tokenizer = scorer.tokenizer ?? 'unknown'
  const { kind = 'unknown', reason } = scorer.graph ?? {}
  const graph = reason === undefined ? kind : `${kind} (${reason})`
  return {
    scorerId: scorer.id,
    defaults: scorer.defaults ?? null,
    provider,
    refused,
    tokenizer,
    graph,
    ...times,
    logit,
  }
}

/** A call that waits for as long as it takes. */
export function oneCall(): Call {
  const { signal } = new AbortController()
  return { signal, deadline: Infinity, now: () => performance.now(), stats: {}, note() {} }
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
