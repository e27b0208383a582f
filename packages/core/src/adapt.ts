import {
  type Check,
  checkRenamed,
  duration,
  isObject,
  type OptionTable,
  sentence,
  wholeOrInfinity,
} from './base/check.js'
import { invalidArgument, RerankError, show } from './base/errors.js'
import type { RerankerOptions } from './options.js'
import type { RerankOptions } from './request.js'
import { createReranker, type Reranker } from './rerank.js'

/** What an adapter says once for all of its calls. */
type CallDefaults = Pick<RerankOptions, 'topN' | 'deadlineMs' | 'instruction'>

/**
 * What an adapter is made with: a ready reranker, shared with other code, or the options of `createReranker` to make one;
 * and `topN`, `deadlineMs` and `instruction` for every call, which an option of a call overrides.
 */
export type RerankerSource = CallDefaults &
  (
    | {
        /** A reranker from `createReranker`. Whoever made it closes it. */
        readonly reranker: Reranker
      }
    | (Omit<RerankerOptions, 'topN' | 'deadlineMs'> & { readonly reranker?: undefined })
  )

const callDefaults = {
  topN: wholeOrInfinity(1),
  deadlineMs: duration,
  instruction: sentence,
} satisfies OptionTable<CallDefaults>

/**
 * The reranker for an adapter, whichever way it was asked for: `close()` closes one that was made here, and leaves a ready
 * one to its maker. `topN`, `deadlineMs` and `instruction` hold for every call that does not bring its own.
 *
 * @param owner what the adapter is called: errors begin with it.
 * @throws RerankError `'invalid-argument'` for an option that is unknown, wrong, or given beside a ready reranker; otherwise
 *   what `createReranker` throws.
 */
export function asReranker(source: RerankerSource, owner: string): Reranker {
  if (typeof owner !== 'string' || owner === '') {
    throw invalidArgument('owner', owner, 'pass what the adapter is called, with which errors begin')
  }
  if (!isObject(source) || Array.isArray(source)) throw wrong(owner, `options is ${show(source)}: pass an object`)
  prefixed(owner, () => checkRenamed(source, { timeoutMs: 'deadlineMs' }))
  const { reranker: ready, topN, deadlineMs, instruction, ...options } = source as RerankerSource & RerankerOptions
  const defaults: CallDefaults = { topN, deadlineMs, instruction }
  for (const [name, check] of Object.entries(callDefaults) as [keyof CallDefaults, Check<unknown>][]) {
    if (defaults[name] !== undefined) check(`${owner}: ${name}`, defaults[name])
  }
  if (ready !== undefined) checkReady(owner, ready, Object.keys(options))
  const inner = ready ?? prefixed(owner, () => createReranker(options))
  const close = async (): Promise<void> => (ready === undefined ? inner.close() : undefined)
  return {
    rerank: (query, candidates, call = {}) => inner.rerank(query, candidates, filled(call, defaults)),
    warmup: () => inner.warmup(),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The options of a call, with what it leaves open as the adapter was made. What is no object is refused by the call. */
function filled(call: RerankOptions, defaults: CallDefaults): RerankOptions {
  if (!isObject(call)) return call
  const open = (Object.keys(defaults) as (keyof CallDefaults)[]).filter((name) => call[name] === undefined)
  return { ...call, ...Object.fromEntries(open.map((name) => [name, defaults[name]])) }
}

function checkReady(owner: string, reranker: Reranker, stray: readonly string[]): void {
  if (typeof reranker?.rerank !== 'function')
    throw wrong(owner, 'reranker has no rerank(): pass what createReranker() returns')
  if (stray.length === 0) return
  const names = stray.join(', ')
  throw wrong(owner, `${names} given beside a ready reranker: give ${names} to createReranker() instead`)
}

/** What is wrong with an option says whose option it is. */
function prefixed<T>(owner: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!RerankError.is(error) || error.code !== 'invalid-argument') throw error
    throw new RerankError('invalid-argument', `${owner}: ${error.message}`, { cause: error })
  }
}

function wrong(owner: string, message: string): RerankError {
  return new RerankError('invalid-argument', `${owner}: ${message}`)
}
