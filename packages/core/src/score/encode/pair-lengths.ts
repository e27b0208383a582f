/** How many tokens of each side stay. */
export interface KeptLengths {
  readonly query: number
  readonly text: number
}

/**
 * Truncation `longest_first` as the Rust crate `tokenizers` does it (release 0.23.3; every release that counts both
 * sides in full): the longer side loses tokens until both are equally long, then both get half, and an odd token goes to
 * the longer side, to the text when they are equal.
 *
 * `available` is the room for both, special tokens already taken off.
 */
export function keptLengths(query: number, text: number, available: number): KeptLengths {
  if (query + text <= available) return { query, text }
  const shorter = Math.min(query, text)
  const half = Math.floor(available / 2)
  const [less, more] = 2 * shorter <= available ? [shorter, available - shorter] : [half, available - half]
  return query > text ? { query: more, text: less } : { query: less, text: more }
}

/**
 * How many tokens of a text can matter beside a query of `query` tokens: a text cut to this many has the same
 * {@link keptLengths}, and is longer than what is kept if and only if the whole text is.
 */
export function textTokensThatMatter(query: number, available: number): number {
  const half = Math.floor(available / 2)
  // Where both are longer than half, it matters only for an odd token whether the text is as long as the query.
  if (query > half) return available % 2 === 1 ? Math.max(query, half + 1) + 1 : half + 1
  return available - query + 1
}
