/** Vectors of tokens, one row each, rows one after the other. */
export interface TokenVectors {
  /** How many tokens. */
  readonly rows: number
  /** Numbers of one vector. */
  readonly dimensions: number
  /** `rows * dimensions` numbers. */
  readonly data: Float32Array
}

/** Query rows that are multiplied while one document row is at hand. */
const BLOCK = 4

/**
 * Late interaction as ColBERT defines it (Khattab and Zaharia 2020, equation 3): for each query vector the largest dot
 * product with any document vector, added up over the query.
 *
 * The largest of a list begins at minus infinity. Where it begins at 0, or where padding of zeros takes part, a query
 * vector that points away from the whole document counts 0 instead of its true negative number.
 *
 * @returns a finite number; minus infinity for a document without vectors, 0 for a query without any.
 */
export function maxSim(query: TokenVectors, document: TokenVectors): number {
  let sum = 0
  for (let row = 0; row < query.rows; row += BLOCK) {
    const rows = Math.min(BLOCK, query.rows - row)
    const best = bestOfBlock(blockOf(query, row, rows), document)
    for (let at = 0; at < rows; at++) sum += best[at] as number
  }
  return sum
}

/** Four rows as doubles, the missing ones zero: numbers that need no widening in the inner loop. */
function blockOf({ data, dimensions }: TokenVectors, row: number, rows: number): Float64Array {
  const block = new Float64Array(BLOCK * dimensions)
  block.set(data.subarray(row * dimensions, (row + rows) * dimensions))
  return block
}

/** The largest dot product of each of four rows with any row of the document. */
function bestOfBlock(block: Float64Array, { data, rows, dimensions }: TokenVectors): readonly number[] {
  const [second, third, fourth] = [dimensions, 2 * dimensions, 3 * dimensions]
  let [best0, best1, best2, best3] = [-Infinity, -Infinity, -Infinity, -Infinity]
  for (let row = 0, at = 0; row < rows; row++) {
    let [dot0, dot1, dot2, dot3] = [0, 0, 0, 0]
    for (let i = 0; i < dimensions; i++, at++) {
      const value = data[at] as number
      dot0 += value * (block[i] as number)
      dot1 += value * (block[second + i] as number)
      dot2 += value * (block[third + i] as number)
      dot3 += value * (block[fourth + i] as number)
    }
    if (dot0 > best0) best0 = dot0
    if (dot1 > best1) best1 = dot1
    if (dot2 > best2) best2 = dot2
    if (dot3 > best3) best3 = dot3
  }
  return [best0, best1, best2, best3]
}
