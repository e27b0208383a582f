import { refuseInstruction, settleAll } from '../base/call.js'
import { checkTexts } from '../base/check.js'
import { closedError, deadlineError, RerankError } from '../base/errors.js'
import type { Call, Scope, Scorer } from '../types.js'

/** What a wrapper adds to the scorer inside it. */
interface Wrapped<S extends Scope> {
  /** A function where the inner scorer learns its id only when it loads. */
  id(): string
  readonly scope: S
  score: Scorer['score']
  /** The scorers that warm up and close together with this one. */
  readonly inner: readonly Scorer[]
  /** Whose numbers these are meant to be: their scale, and how they are used well. */
  readonly scale: Scorer
  readonly primary?: Scorer | undefined
}

/**
 * Builds a scorer around others: it warms up and closes with them, and keeps the common part of the contract: it rejects
 * when it is closed, when its caller has aborted, and when the deadline has passed.
 */
export function wrapScorer<S extends Scope>({ id, scope, score, inner, scale, primary }: Wrapped<S>): Scorer<S> {
  let closing: Promise<void> | undefined
  // Numbers may come from any of them.
  const takesInstruction = (): boolean => inner.every((scorer) => scorer.takesInstruction === true)
  const refuseClosed = (): void => {
    if (closing !== undefined) throw closedError(id())
  }
  return {
    get id() {
      return id()
    },
    scope,
    async score(query, texts, call) {
      checkTexts(query, texts)
      call.signal.throwIfAborted()
      refuseClosed()
      if (!takesInstruction()) refuseInstruction(id(), call)
      if (call.now() >= call.deadline) throw deadlineError(id())
      return texts.length === 0 ? [] : score(query, texts, call)
    },
    // Asked for each time: a scorer that is loaded on first use may know only then.
    get toProbability() {
      return scale.toProbability && ((number: number) => scale.toProbability?.(number) ?? Number.NaN)
    },
    get defaults() {
      return scale.defaults
    },
    get takesInstruction() {
      return takesInstruction()
    },
    ...(primary && { primary }),
    ...(scale.countTokens && { countTokens: (text: string) => scale.countTokens?.(text) ?? 0 }),
    async warmup() {
      refuseClosed()
      await settleAll(inner.map(async (scorer) => scorer.warmup?.()))
    },
    close: () => (closing ??= settleAll(inner.map(async (scorer) => scorer.close?.()))),
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
    caller: call.caller,
    ...(call.instruction !== undefined && { instruction: call.instruction }),
    note: (position, note) => call.note(position, note),
    answeredBy: (scorer, because) => call.answeredBy?.(scorer, because),
  }
}

/** The numbers, when the scorer kept its contract: a wrapper must not keep, mix or hand on what broke it. */
export function checkedNumbers(numbers: readonly number[], texts: number, { id }: Scorer): readonly number[] {
  if (numbers?.length === texts && Array.from(numbers).every(Number.isFinite)) return numbers
  throw new RerankError('scorer', `The scorer ${id} did not give one finite number for each of ${texts} texts.`)
}
