import type { WordPieceFile } from './wordpiece-file.js'

/** Ids of one piece (a stretch of normalised text without white space or punctuation). */
export type PieceEncoder = (piece: string) => number[]

/** Greedy longest match from the left; the unknown token for a piece that is too long or cannot be spelled. */
export function createPieceEncoder(file: WordPieceFile): PieceEncoder {
  const { vocabulary, continuingPrefix, maxWordLength, unknownId } = file
  const continuing = new Map<string, number>()
  let longestFirst = 0
  let longestContinuing = 0
  for (const [token, id] of vocabulary) {
    if (token.length > longestFirst) longestFirst = token.length
    if (!token.startsWith(continuingPrefix)) continue
    continuing.set(token.slice(continuingPrefix.length), id)
    longestContinuing = Math.max(longestContinuing, token.length - continuingPrefix.length)
  }
  return (piece) => {
    if (isLonger(piece, maxWordLength)) return [unknownId]
    const ids: number[] = []
    for (let start = 0; start < piece.length;) {
      const known = start === 0 ? vocabulary : continuing
      let end = Math.min(piece.length, start + (start === 0 ? longestFirst : longestContinuing))
      let id: number | undefined
      while (end > start && (id = known.get(piece.slice(start, end))) === undefined) end--
      if (id === undefined) return [unknownId]
      ids.push(id)
      start = end
    }
    return ids
  }
}

/** Whether a text has more code points than `limit`. */
function isLonger(text: string, limit: number): boolean {
  if (text.length <= limit) return false
  if (text.length > 2 * limit) return true
  let points = 0
  for (const _ of text) points++
  return points > limit
}
