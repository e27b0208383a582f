import { count } from '../../../base/call.js'
import { onAbort, waitFor } from '../../../base/clock.js'
import { RerankError, show } from '../../../base/errors.js'
import { Gate, type Stoppable } from '../../../base/schedule.js'
import type { Call, Scope, Scorer } from '../../../types.js'
import type { GenerateCall, LlmSettings } from './options.js'
import { harmless, shown } from './prompts.js'

/** A scorer that asks a language model. */
export interface LlmScorer<S extends Scope = Scope> extends Scorer<S> {
  close(): Promise<void>
}

/** Asks one prompt: within its time, and when its turn has come. */
export type Ask = <T>(run: (prompt: string, call: GenerateCall) => Promise<T>, prompt: Prompt) => Promise<T>

export interface Prompt {
  readonly text: string
  readonly maxAnswerTokens: number
}

/** What there is to score: a query and passages that differ from each other. */
export interface Task {
  /** As it may stand in a prompt. */
  readonly query: string
  readonly passages: readonly string[]
  readonly call: Call
  readonly ask: Ask
}

/** What one of our scorers has to say. */
export interface LlmKind<S extends Scope> {
  readonly id: string
  readonly scope: S
  readonly maxCalls: number
  /** How many prompts so many passages take, and what to do when those are too many. */
  calls(passages: number): { readonly needed: number; readonly fix: string }
  /** One number for each passage. */
  score(task: Task): Promise<readonly number[]>
  toProbability?(score: number): number
}

/** Makes a scorer: equal texts once, cutting, time, turns, the limit of prompts and the end are the same for all. */
export function llmScorer<S extends Scope>(kind: LlmKind<S>, settings: LlmSettings): LlmScorer<S> {
  const engine = new Engine(kind, settings)
  const { toProbability } = kind
  return {
    id: kind.id,
    scope: kind.scope,
    score: (query, texts, call) => engine.score(query, texts, call),
    close: async () => engine.close(),
    ...(toProbability && { toProbability }),
  }
}

class Engine {
  readonly #kind: LlmKind<Scope>
  readonly #settings: LlmSettings
  readonly #gate: Gate
  readonly #underWay = new Set<LlmWork>()
  #closed = false

  constructor(kind: LlmKind<Scope>, settings: LlmSettings) {
    this.#kind = kind
    this.#settings = settings
    this.#gate = new Gate(settings.concurrency)
  }

  async score(query: string, texts: readonly string[], call: Call): Promise<readonly number[]> {
    call.signal.throwIfAborted()
    if (this.#closed) throw this.#closedError()
    if (call.now() >= call.deadline) throw deadlineError(this.#kind.id)
    if (texts.length === 0) return []
    const work = new LlmWork(call)
    this.#underWay.add(work)
    try {
      return await this.#scoreAll(query, texts, work)
    } catch (error) {
      work.stop(error)
      throw error
    } finally {
      this.#underWay.delete(work)
      work.end()
    }
  }

  close(): void {
    this.#closed = true
    for (const work of this.#underWay) work.stop(this.#closedError())
  }

  async #scoreAll(query: string, texts: readonly string[], work: LlmWork): Promise<readonly number[]> {
    const { call } = work
    const passages = distinct(texts, (text) => shown(text, this.#settings))
    this.#checkCalls(passages.size)
    count(call, 'texts', passages.size)
    for (const [position, text] of texts.entries()) {
      if (passages.get(text)?.truncated === true) call.note(position, { truncated: true })
    }
    count(call, 'truncatedTexts', [...passages.values()].filter(({ truncated }) => truncated).length)
    const shownTexts = [...passages.values()].map((passage) => passage.text)
    const ask = this.#askFor(work)
    const numbers = await this.#kind.score({ query: harmless(query), passages: shownTexts, call, ask })
    const byText = new Map([...passages.keys()].map((text, at) => [text, numbers[at] as number]))
    return texts.map((text) => byText.get(text) as number)
  }

  /** Too dear is refused before it costs anything. */
  #checkCalls(passages: number): void {
    const { id, maxCalls, calls } = this.#kind
    const { needed, fix } = calls(passages)
    if (needed <= maxCalls) return
    const message = `${id} would need ${needed} prompts for ${passages} texts, more than maxCalls (${maxCalls}): ${fix}.`
    throw new RerankError('scorer', message)
  }

  #askFor(work: LlmWork): Ask {
    let asked = 0
    return (run, prompt) =>
      this.#gate.pass(work, async () => {
        const { id, maxCalls } = this.#kind
        if (asked >= maxCalls) {
          const fix = 'the model keeps answering what cannot be read; raise it, or choose another model'
          throw new RerankError('scorer', `${id} has asked ${maxCalls} prompts for one query (maxCalls): ${fix}.`)
        }
        asked += 1
        count(work.call, 'calls', 1)
        return this.#timed(work, (call) => run(prompt.text, { ...call, maxAnswerTokens: prompt.maxAnswerTokens }))
      })
  }

  /** Waits for one answer until its time or the caller's is up, or the work stops, whatever the model does. */
  async #timed<T>(work: LlmWork, run: (call: Omit<GenerateCall, 'maxAnswerTokens'>) => Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#settings
    const { call } = work
    const remainingMs = call.deadline - call.now()
    const { id } = this.#kind
    const limits = {
      clock,
      deadline: clock.now() + Math.min(remainingMs, timeoutMs),
      signal: work.signal,
      deadlineError: () => (remainingMs <= timeoutMs ? deadlineError(id) : timeoutError(id, timeoutMs)),
    }
    if (remainingMs <= 0) throw deadlineError(id)
    const { deadline, stats } = call
    try {
      return await waitFor((signal) => run({ signal, deadline, now: () => call.now(), stats }), limits)
    } catch (error) {
      work.throwIfStopped()
      const fault = RerankError.is(error) ? error : generateError(id, error)
      // Before the next in line gets this one's turn, and asks for nothing.
      work.stop(fault)
      throw fault
    }
  }

  #closedError(): RerankError {
    return new RerankError('closed', `The scorer ${this.#kind.id} was closed: make a new one to go on.`)
  }
}

/** The error for what a model wrote. */
export function unreadable(id: string, answer: unknown, due: string): RerankError {
  const fix = 'choose a model that keeps to it, or mend what the function that asks the model hands back'
  return new RerankError('scorer', `${id} answered ${show(answer)} where ${due} was due: ${fix}.`)
}

function distinct<T>(texts: readonly string[], make: (text: string) => T): Map<string, T> {
  const made = new Map<string, T>()
  for (const text of texts) if (!made.has(text)) made.set(text, make(text))
  return made
}

function generateError(id: string, cause: unknown): RerankError {
  const fix = 'see cause; retries are the business of the client that it calls'
  return new RerankError('scorer', `The function that asks the model of ${id} failed: ${fix}.`, { cause })
}

function timeoutError(id: string, timeoutMs: number): RerankError {
  return new RerankError('scorer', `${id} gave no answer within ${timeoutMs} ms: raise timeoutMs.`)
}

function deadlineError(id: string): RerankError {
  return new RerankError('deadline', `The deadline passed before ${id} was done: allow more time or fewer texts.`)
}

/**
 * One call of `score` on its way. Its signal aborts when the caller's does, when the scorer is closed, and when one prompt
 * failed: the others are of no use then.
 */
export class LlmWork implements Stoppable {
  readonly call: Call
  readonly #controller = new AbortController()
  readonly #unwatch: () => void

  constructor(call: Call) {
    this.call = call
    this.#unwatch = onAbort(call.signal, () => this.stop(call.signal.reason))
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The first reason counts. */
  stop(reason: unknown): void {
    this.#controller.abort(reason)
  }

  throwIfStopped(): void {
    this.signal.throwIfAborted()
  }

  onStop(callback: (reason: unknown) => void): () => void {
    if (this.signal.aborted) {
      callback(this.signal.reason)
      return () => {}
    }
    return onAbort(this.signal, () => callback(this.signal.reason))
  }

  /** Stops listening to the caller. Idempotent. */
  end(): void {
    this.#unwatch()
  }
}
