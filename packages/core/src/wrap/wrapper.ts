import { invalidArgument, RerankError } from '../base/errors.js'
import type { Call, Scope, Scorer } from '../types.js'

/** What a wrapper adds to the scorer inside it. */
interface Wrapped<S extends Scope> {
  /** A function where the inner scorer learns its id only when it loads. */
  id(): string
  readonly scope: S
  score: Scorer['score']
  /** The scorers that warm up and close together with this one. */
  readonly inner: readonly Scorer[]
  /** Whose scale the numbers are on. */
  readonly scale: Scorer
}

/**
 * Builds a scorer around others: it warms up and closes with them, and keeps the common part of the contract: it rejects
 * when it is closed, when its caller has aborted, and when the deadline has passed.
 */
export function wrapScorer<S extends Scope>({ id, scope, score, inner, scale }: Wrapped<S>): Scorer<S> {
  let closing: Promise<void> | undefined
  const refuseClosed = (): void => {
    if (closing !== undefined)
      throw new RerankError('closed', `The scorer ${id()} was closed: make a new one to go on.`)
  }
  return {
    get id() {
      return id()
    },
    scope,
    async score(query, texts, call) {
      call.signal.throwIfAborted()
      refuseClosed()
      if (call.now() >= call.deadline) throw deadlinePassed()
      return texts.length === 0 ? [] : score(query, texts, call)
    },
    // Asked for each time: a scorer that is loaded on first use may know only then.
    get toProbability() {
      return scale.toProbability && ((number: number) => scale.toProbability?.(number) ?? Number.NaN)
    },
    ...(scale.countTokens && { countTokens: (text: string) => scale.countTokens?.(text) ?? 0 }),
    async warmup() {
      refuseClosed()
      await all(inner.map(async (scorer) => scorer.warmup?.()))
    },
    close: () => (closing ??= all(inner.map(async (scorer) => scorer.close?.()))),
  }
}

/** A call like the given one, with some of its parts replaced. */
export function callLike(call: Call, replaced: Partial<Call>): Call {
  return { ...plainCall(call), ...replaced }
}

// The caller's object may keep its methods on its prototype, where a spread would not see them.
function plainCall(call: Call): Call {
  return {
    signal: call.signal,
    deadline: call.deadline,
    now: () => call.now(),
    stats: call.stats,
    note: (position, note) => call.note(position, note),
    answeredBy: (scorer, because) => call.answeredBy?.(scorer, because),
  }
}

/** Throws unless `scorer` has the shape of one. */
export function checkScorer(name: string, scorer: Scorer): void {
  if (typeof scorer?.score !== 'function' || (scorer.scope !== 'pair' && scorer.scope !== 'pool')) {
    throw invalidArgument(name, scorer, "pass a scorer: { id, scope: 'pair' | 'pool', score(query, texts, call) }")
  }
}

/** The numbers, when the scorer kept its contract: a wrapper must not keep, mix or hand on what broke it. */
export function checkedNumbers(numbers: readonly number[], texts: number, { id }: Scorer): readonly number[] {
  if (numbers?.length === texts && Array.from(numbers).every(Number.isFinite)) return numbers
  throw new RerankError('scorer', `The scorer ${id} did not give one finite number for each of ${texts} texts.`)
}

function deadlinePassed(): RerankError {
  return new RerankError('deadline', 'The deadline passed before scoring began: allow more time.')
}

async function all(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
