/** Of FIPS 180-4. */
// prettier-ignore
const K = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
)
const START = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19]

/** Two units of UTF-16 are a word, sixteen words a block. */
const UNITS_PER_BLOCK = 32
/** The mark behind the text and its length in bits take so many units at least. */
const UNITS_AT_END = 5

/**
 * SHA-256 of a text as UTF-16LE, in 43 characters of base64url. Written here for browsers, where a key is needed at once
 * too, and Web Crypto only ever answers later and on secure pages.
 */
export function sha256(text: string): string {
  const state = Int32Array.from(START)
  const words = new Int32Array(64)
  const blocks = Math.ceil((text.length + UNITS_AT_END) / UNITS_PER_BLOCK)
  for (let block = 0; block < blocks; block++) {
    let at = block * UNITS_PER_BLOCK
    for (let word = 0; word < 16; word++) words[word] = (unitAt(text, at++) << 16) | unitAt(text, at++)
    if (block === blocks - 1) {
      words[14] = Math.floor(text.length / 2 ** 28)
      words[15] = text.length << 4
    }
    compress(state, words)
  }
  return base64url(state)
}

/** The unit with its low byte first; behind the end the mark, then zeros. */
function unitAt(text: string, at: number): number {
  if (at > text.length) return 0
  const unit = at === text.length ? 0x0080 : text.charCodeAt(at)
  return ((unit & 0xff) << 8) | (unit >>> 8)
}

/** One block, of which the first sixteen words are given. FIPS 180-4, section 6.2.2. */
function compress(state: Int32Array, words: Int32Array): void {
  for (let t = 16; t < 64; t++) {
    const w15 = words[t - 15] as number
    const w2 = words[t - 2] as number
    const small0 = turn(w15, 7) ^ turn(w15, 18) ^ (w15 >>> 3)
    const small1 = turn(w2, 17) ^ turn(w2, 19) ^ (w2 >>> 10)
    words[t] = ((words[t - 16] as number) + small0 + (words[t - 7] as number) + small1) | 0
  }
  // Eight variables and no array: several times as fast.
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  let e = state[4] as number
  let f = state[5] as number
  let g = state[6] as number
  let h = state[7] as number
  for (let t = 0; t < 64; t++) {
    const big1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)
    const one = (h + big1 + ((e & f) ^ (~e & g)) + (K[t] as number) + (words[t] as number)) | 0
    const big0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)
    const two = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + one) | 0
    d = c
    c = b
    b = a
    a = (one + two) | 0
  }
  add(state, [a, b, c, d, e, f, g, h])
}

function add(state: Int32Array, words: readonly number[]): void {
  for (let at = 0; at < 8; at++) state[at] = (state[at] as number) + (words[at] as number)
}

function turn(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function base64url(state: Int32Array): string {
  let text = ''
  for (let bit = 0; bit < 256; bit += 6) {
    // Six bits at a time; the last four are filled up with zeros.
    const [word, offset] = [bit >>> 5, bit & 31]
    const [high, low] = [state[word] as number, state[word + 1] ?? 0]
    text +=
      ALPHABET[offset <= 26 ? (high >>> (26 - offset)) & 63 : ((high << (offset - 26)) | (low >>> (58 - offset))) & 63]
  }
  return text
}
