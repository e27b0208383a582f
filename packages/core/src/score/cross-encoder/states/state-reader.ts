import type { EncodedPair } from '../pairs.js'
import type { Blocks } from './blocks.js'

/**
 * A graph that reads the texts of a pair apart before it reads them together. What it made of a text is a row of bytes for
 * each token, already rounded: a score is the same to the bit whether the rows are new or were kept.
 */
export interface StateGraph {
  /** Bytes of a row. */
  readonly width: number
  /** What the graph makes of one text, `ids.length` rows. */
  encode(ids: Int32Array): Promise<Uint8Array>
  /** The logit of a pair from the rows of both texts, the query's first. */
  join(ids: Int32Array, secondSegmentStart: number, states: Uint8Array): Promise<number>
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
  readonly #queries: { readonly ids: Int32Array; readonly states: Uint8Array }[] = []

  constructor(graph: StateGraph, blocks: Blocks) {
    this.#graph = graph
    this.#blocks = blocks
  }

  /** The logit of a pair. @param place of the passage; without one it is read and not kept */
  async score({ ids, secondSegmentStart }: Pick<EncodedPair, 'ids' | 'secondSegmentStart'>, place?: Place): Promise<number> {
    const query = await this.#readQuery(ids.subarray(0, secondSegmentStart))
    const passage = passageOf(ids, secondSegmentStart)
    const states = new Uint8Array(query.length + passage.length * this.#graph.width)
    states.set(query)
    const rows = states.subarray(query.length)
    if (place?.known === true) this.#blocks.read(place.blocks, rows)
    else {
      rows.set(await this.#graph.encode(passage))
      if (place !== undefined) this.#blocks.write(place.blocks, rows)
    }
    return this.#graph.join(ids, secondSegmentStart, states)
  }

  async #readQuery(ids: Int32Array): Promise<Uint8Array> {
    const known = this.#queries.find((query) => isEqual(query.ids, ids))
    if (known !== undefined) return known.states
    const states = await this.#graph.encode(ids)
    this.#queries.unshift({ ids: ids.slice(), states })
    this.#queries.splice(QUERIES)
    return states
  }
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
