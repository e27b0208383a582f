import type { EncodedPair } from '../pairs.js'
import type { Blocks } from './blocks.js'

/**
 * A graph that reads the texts of a pair apart before it reads them together, one step at a time. What it made of a passage
 * comes rounded, so a score is the same to the bit whether that is new or was kept.
 */
export interface StateGraph {
  /** Bytes of a row of what it made of a passage. */
  readonly passageWidth: number
  encodeQuery(ids: Int32Array): Promise<Float32Array>
  encodePassage(ids: Int32Array): Promise<Uint8Array>
  /** The logit of a pair from what was made of both texts. */
  join(ids: Int32Array, secondSegmentStart: number, known: KnownTexts): Promise<number>
}

/** What a graph made of the texts of a pair. */
export interface KnownTexts {
  readonly query: Float32Array
  readonly passage: Uint8Array
}

/** Where the states of a passage are kept. */
export interface Place {
  readonly blocks: readonly number[]
  /** Whether they are there; else they are written there once the passage was read. */
  readonly known: boolean
}

/** Queries that are remembered: as many calls as take turns without reading their query again for each passage. */
const QUERIES = 16

/** Scores pairs with a {@link StateGraph}: a query is read once, a passage only when it is not kept. */
export class StateReader {
  readonly #graph: StateGraph
  readonly #blocks: Blocks
  readonly #queries: { readonly ids: Int32Array; readonly states: Float32Array }[] = []

  constructor(graph: StateGraph, blocks: Blocks) {
    this.#graph = graph
    this.#blocks = blocks
  }

  /** The logit of a pair. @param place of the passage; without one it is read and not kept */
  async score(
    { ids, secondSegmentStart }: Pick<EncodedPair, 'ids' | 'secondSegmentStart'>,
    place?: Place,
  ): Promise<number> {
    const query = await this.#readQuery(ids.subarray(0, secondSegmentStart))
    const passage = await this.#readPassage(passageOf(ids, secondSegmentStart), place)
    return this.#graph.join(ids, secondSegmentStart, { query, passage })
  }

  async #readPassage(ids: Int32Array, place: Place | undefined): Promise<Uint8Array> {
    if (place?.known !== true) {
      const states = await this.#graph.encodePassage(ids)
      if (place !== undefined) this.#blocks.write(place.blocks, states)
      return states
    }
    const states = new Uint8Array(passageBytes(ids, this.#graph.passageWidth))
    this.#blocks.read(place.blocks, states)
    return states
  }

  async #readQuery(ids: Int32Array): Promise<Float32Array> {
    const known = this.#queries.find((query) => isEqual(query.ids, ids))
    if (known !== undefined) return known.states
    const states = await this.#graph.encodeQuery(ids)
    this.#queries.unshift({ ids: ids.slice(), states })
    this.#queries.splice(QUERIES)
    return states
  }
}

/** A passage has as many rows more than tokens: what rounding took from its first token and its last. */
const EXTRA_ROWS = 2

/** How many bytes are kept of a passage. */
export function passageBytes({ length }: Int32Array, passageWidth: number): number {
  return (length + EXTRA_ROWS) * passageWidth
}

/** The passage of a pair as it is read by itself: with the first token of the query, [CLS], in front. */
export function passageOf(ids: Int32Array, secondSegmentStart: number): Int32Array {
  const passage = ids.slice(secondSegmentStart - 1)
  passage[0] = ids[0] as number
  return passage
}

function isEqual(one: Int32Array, other: Int32Array): boolean {
  return one.length === other.length && one.every((id, at) => id === other[at])
}
