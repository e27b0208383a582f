import { count, hasGivenUp } from '../base/call.js'
import {
  checkRenamed,
  checkScorer,
  timeSource,
  type OptionTable,
  readOptions,
  timeSpan,
  withDefault,
} from '../base/check.js'
import { type Clock, systemClock, waitFor } from '../base/clock.js'
import { asError, deadlineError, isSetupError } from '../base/errors.js'
import type { Call, Milliseconds, Scorer, TextNote } from '../types.js'
import { callLike, checkedNumbers, wrapScorer } from './wrapper.js'

/** Options of {@link withFallback}. */
export interface FallbackOptions {
  /**
   * How long the first scorer may take, in milliseconds, above 0; after that the other one is asked. Choose it so that
   * the deadline leaves the other enough time. Default: as long as the call allows, so that only a failure hands over.
   */
  readonly deadlineMs?: Milliseconds | undefined
  /** Where time comes from, for tests: the clock that `createReranker` was given. */
  readonly clock?: Clock | undefined
}

const table = {
  deadlineMs: withDefault(timeSpan, Infinity),
  clock: withDefault(timeSource, systemClock),
} satisfies OptionTable<FallbackOptions>

/**
 * Asks another scorer when the first fails, or, with `deadlineMs`, is slow. Errors in the setup, an abort and a passed
 * deadline are not handed over. All texts of a call are scored by one of the two, never some by each.
 *
 * Results carry the id and the probabilities of the scorer that answered; the report counts `fallbacks` and says why in
 * `fallbackReason`. A `minScore` belongs to the first scorer and removes nothing that the other scored. The scope is
 * `'pool'`, since who answers depends on the moment: such numbers must not be cached or cut. Cache inside:
 * `withFallback(withCache(scorer, cache), other)`.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function withFallback(scorer: Scorer, other: Scorer, options: FallbackOptions = {}): Scorer<'pool'> {
  checkScorer('scorer', scorer)
  checkScorer('other', other)
  checkRenamed(options, { timeoutMs: 'deadlineMs' })
  const { deadlineMs, clock } = readOptions(table, options)
  return wrapScorer({
    id: () => `${scorer.id} or ${other.id}`,
    scope: 'pool',
    inner: [scorer, other],
    scale: scorer,
    primary: scorer.primary ?? scorer,
    score: async (query, texts, call) => {
      try {
        return await answer(scorer, texts.length, {
          call,
          ask: (inner) => {
            // The call has a clock to look at, but none to wait by; its own deadline stays a time on its own clock.
            const deadline = Math.min(call.deadline, call.now() + deadlineMs)
            return waitFor((signal) => scorer.score(query, texts, callLike(inner, { signal, deadline })), {
              clock,
              deadline: clock.now() + deadlineMs,
              signal: call.signal,
              deadlineError: () => deadlineError(scorer.id, `raise deadlineMs (${deadlineMs} ms) to wait longer`),
            })
          },
        })
      } catch (error) {
        if (isSetupError(error) || hasGivenUp(call)) throw error
        count(call, 'fallbacks', 1)
        const because = asError(error, scorer)
        return answer(other, texts.length, { call, because, ask: (inner) => other.score(query, texts, inner) })
      }
    },
  })
}

interface Attempt {
  readonly call: Call
  /** Why it is this scorer's turn. */
  readonly because?: Error
  ask(inner: Call): Promise<readonly number[]>
}

/** Passes on notes, and who answered, only with the answer: a failed attempt leaves no trace but its costs. */
async function answer(scorer: Scorer, texts: number, { call, because, ask }: Attempt): Promise<readonly number[]> {
  const notes: [position: number, note: TextNote][] = []
  // One that is itself a fallback knows better who answered.
  let answered = { by: scorer, because }
  const inner = callLike(call, {
    note: (position, note) => void notes.push([position, note]),
    answeredBy: (by, why) => void (answered = { by, because: why ?? because }),
  })
  const numbers = checkedNumbers(await ask(inner), texts, scorer)
  for (const [position, note] of notes) call.note(position, note)
  call.answeredBy?.(answered.by, answered.because)
  return numbers
}
