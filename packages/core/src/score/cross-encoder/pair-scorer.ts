import { checkTexts } from '../../base/check.js'
import { closedError, warn } from '../../base/errors.js'
import { Schedule, type Size, type Turns } from '../../base/schedule.js'
import type { Call, Scorer, ScorerDefaults } from '../../types.js'
import { closedWhileScoring, effortOf, type LoadedModel, PairBatch, type ReadingOptions, readTexts } from './reading.js'

/** What a runtime has to say about a model that is not loaded yet. */
export interface PairModel {
  /** May become another while the model is loaded, when only then it shows which one it is. */
  readonly id: string
  /** The weights and nothing else: the same for every scorer that loads them. Missing when it loads none. */
  readonly weights: string | undefined
  readonly options: Pick<
    ReadingOptions,
    'longText' | 'windowOverlap' | 'maxWindows' | 'windowsToRead' | 'maxLength'
  > & {
    readonly maxQueued: number
  }
  /** Runs at a time, 1 or more. May become another while the model is loaded. */
  readonly places: number
  /** What makes a probability of a logit; nothing when the model's numbers stay as they are, or it is not known yet. */
  readonly toProbability: ((score: number) => number) | undefined
  /** What the model's files recommend; nothing when they say nothing, or it is not known yet. */
  readonly defaults: ScorerDefaults | undefined
  /**
   * Loads the model; called again when it failed before.
   *
   * @param signal aborts when the scorer is closed meanwhile
   * @param lost to be called when what was loaded has died, so that the next call loads anew
   */
  open(signal: AbortSignal, lost: () => void): Promise<LoadedModel>
}

/** What most models can read, for a guess before one is loaded. */
const USUAL_LENGTH = 512

/** Loads a model on first use, scores with it, and closes it once: the same for every runtime. */
export class PairScorer implements Scorer<'pair'>, AsyncDisposable {
  readonly scope = 'pair'
  /** Or it says that the model takes none, once its files were read. */
  readonly takesInstruction = true
  readonly #model: PairModel
  readonly #loaded: LoadOnce<LoadedModel>
  readonly #schedule: Schedule
  #maxLength: number
  #known: Pick<LoadedModel, 'runner' | 'store'> | undefined

  constructor(model: PairModel) {
    this.#model = model
    this.#maxLength = model.options.maxLength ?? USUAL_LENGTH
    const { maxQueued } = model.options
    const id = (): string => model.id
    this.#schedule = new Schedule({
      id,
      maxQueued,
      blocks: true,
      get places() {
        return model.places
      },
    })
    this.#loaded = new LoadOnce({
      id: () => model.id,
      weights: () => model.weights,
      open: (signal) => model.open(signal, () => this.#loaded.forget()),
      free: async ({ runner, store }) => {
        await runner.close(this.#schedule.whenIdle())
        await store?.close()
      },
    })
  }

  get id(): string {
    return this.#model.id
  }

  get toProbability(): ((score: number) => number) | undefined {
    return this.#model.toProbability
  }

  get defaults(): ScorerDefaults | undefined {
    return this.#model.defaults
  }

  async score(query: string, texts: readonly string[], call: Call): Promise<readonly number[]> {
    checkTexts(query, texts)
    call.signal.throwIfAborted()
    this.#loaded.checkOpen()
    if (texts.length === 0) return []
    return this.#schedule.admit(call, this.#sizeOf(query, texts), async (turns) => {
      const model = await this.#loaded.get()
      this.#maxLength = model.pairs.maxLength
      this.#known = model
      // The query is encoded when the call's turn has come: thousands that wait would hold up the first otherwise.
      await turns.turn(0, async () => {})
      const asked = { query, texts, options: this.#model.options }
      const { instruction } = call
      const told = instruction === undefined ? model : { ...model, pairs: await model.pairsWith(instruction) }
      return readTexts(asked, told, { scorerId: this.id, call, turns, places: this.#model.places })
    })
  }

  /** Lets work other than scoring have turns at the loaded model; calls that score pass it. */
  protected async withModel<T>(
    { signal, effort }: { readonly signal: AbortSignal | undefined; readonly effort: number },
    work: (model: LoadedModel, turns: Turns) => Promise<T>,
  ): Promise<T> {
    const model = await this.#loaded.get()
    const call = { signal: signal ?? new AbortController().signal, deadline: Infinity, now: () => performance.now() }
    // No pairs: whoever encodes a collection waits for it anyway.
    const size = { pairs: 0, effort: Math.min(effort, Number.MAX_SAFE_INTEGER) }
    return this.#schedule.admit({ ...call, stats: {}, caller: {} }, size, (turns) => work(model, turns))
  }

  async countTokens(text: string): Promise<number> {
    const { pairs } = await this.#loaded.get()
    return pairs.countTokens(text)
  }

  async warmup(): Promise<void> {
    const { pairs, runner } = await this.#loaded.get()
    const { places } = this.#model
    const pair = await new PairBatch(pairs, { query: 'warm', texts: ['up'], options: {} }).pair(0)
    const call = { signal: new AbortController().signal, deadline: Infinity, now: () => performance.now(), stats: {} }
    // The first run allocates what later ones reuse. Never refused: it waits like everybody, and is counted as nothing.
    await this.#schedule.admit(call, { pairs: 0, effort: 0 }, (turns) =>
      Promise.all(Array.from({ length: places }, () => turns.turn(0, () => runner.score(pair, call)))),
    )
  }

  async close(): Promise<void> {
    this.#schedule.close(closedWhileScoring())
    await this.#loaded.close()
  }

  #sizeOf(query: string, texts: readonly string[]): Size {
    const maxLength = this.#model.options.longText === 'windows' ? Infinity : this.#maxLength
    const reach = { maxLength, knows: (text: string) => this.#knows(text) }
    return { pairs: texts.length, effort: texts.reduce((sum, text) => sum + effortOf(query.length, text, reach), 0) }
  }

  #knows(text: string): boolean {
    return this.#known?.runner.knows?.(text) === true || this.#known?.store?.has(text) === true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** What is loaded once. */
export interface Loadable<T> {
  /** Names it in errors; asked for when one is made, since a model may get its name while it is loaded. */
  id(): string
  /** Names the weights, of which there should be few copies; missing when what is loaded are no weights of its own. */
  weights(): string | undefined
  /**
   * Loads it; called again when it failed before, or was lost.
   *
   * @param signal aborts when it is closed meanwhile
   */
  open(signal: AbortSignal): Promise<T>
  free(loaded: T): Promise<void>
}

/** Loads something on first use, once for all that wait for it, and frees it once: the same for every model. */
export class LoadOnce<T> {
  readonly #what: Loadable<T>
  readonly #closing = new AbortController()
  #loading: Promise<T> | undefined
  #counted: string | undefined

  constructor(what: Loadable<T>) {
    this.#what = what
  }

  /** @throws RerankError `'closed'` when it was closed. */
  checkOpen(): void {
    if (this.#closing.signal.aborted) throw closedError(this.#what.id())
  }

  /** @throws RerankError `'closed'` when it was closed; else what loading throws. */
  async get(): Promise<T> {
    this.checkOpen()
    if (this.#loading !== undefined) return this.#loading
    const loading = this.#what.open(this.#closing.signal)
    this.#loading = loading
    // A failed load is not kept: its cause may be mended before the next call.
    loading.then(
      () => this.#count(),
      () => this.forget(),
    )
    return loading
  }

  /** The next `get` loads anew: what was loaded is gone. */
  forget(): void {
    this.#loading = undefined
    if (this.#counted !== undefined) copies.set(this.#counted, (copies.get(this.#counted) ?? 1) - 1)
    this.#counted = undefined
  }

  #count(): void {
    this.#counted = this.#loading === undefined ? undefined : this.#what.weights()
    if (this.#counted !== undefined) countCopy(this.#counted)
  }

  /** Frees what was loaded, once; a load under way is given up. */
  async close(): Promise<void> {
    this.#closing.abort(closedError(this.#what.id()))
    const loading = this.#loading
    this.forget()
    // A load that failed has told its caller so, and left nothing to free.
    const loaded = await loading?.catch(() => undefined)
    if (loaded !== undefined) await this.#what.free(loaded)
  }
}

/** How many of each are loaded and were not closed. */
const copies = new Map<string, number>()

/** More copies than this are a mistake: reranking from several threads takes workers, and several models have other names. */
const FEW_COPIES = 4

const warnedOf = new Set<string>()

function countCopy(weights: string): void {
  const loaded = (copies.get(weights) ?? 0) + 1
  copies.set(weights, loaded)
  if (loaded <= FEW_COPIES || warnedOf.has(weights)) return
  warnedOf.add(weights)
  warn(
    `${loaded} copies of ${weights} are loaded in this process, and each takes memory of its own. Make one reranker at ` +
      'start-up and share it between requests, or hand one scorer to several rerankers; await close() on those that are no ' +
      'longer needed.',
  )
}
