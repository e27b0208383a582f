const encoder = new TextEncoder()

/** More than most tokenisers make of it, in any script: a token for three bytes of UTF-8. */
export function estimateTokens(text: string): number {
  return Math.ceil(encoder.encode(text).length / 3)
}
