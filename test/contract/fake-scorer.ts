import type { Call, Scope, Scorer } from '../../packages/core/src/types.ts'

/** A scorer for tests: the score of a text is the number it says, `'b 0.5'` → 0.5. */
export function scorerOf<S extends Scope = 'pair'>(
  score: (query: string, texts: readonly string[], call: Call) => Promise<readonly number[]> | readonly number[],
  more: Partial<Scorer<S>> = {},
): Scorer<S> {
  return {
    id: 'fake',
    scope: 'pair' as S,
    score: async (query, texts, call) => score(query, texts, call),
    ...more,
  }
}

/** Reads the last number in a text; 0 when there is none. */
export const numberIn = (text: string): number => Number(/(-?\d+(?:\.\d+)?)\s*$/.exec(text)?.[1] ?? 0)

export const readingNumbers = (more: Partial<Scorer<'pair'>> = {}): Scorer<'pair'> =>
  scorerOf((_query, texts) => texts.map(numberIn), more)

/** A call that never aborts and has no deadline, with what it collected. */
export function callOf(more: Partial<Call> = {}): Call & { notes: Map<number, unknown> } {
  const notes = new Map<number, unknown>()
  return {
    signal: new AbortController().signal,
    deadline: Infinity,
    now: () => 0,
    stats: {},
    note: (position, note) => void notes.set(position, note),
    notes,
    ...more,
  }
}
