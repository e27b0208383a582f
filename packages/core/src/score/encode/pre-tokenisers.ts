type Json = Readonly<Record<string, unknown>>

const BYTE_LEVEL = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
const PUNCTUATION = String.raw`[\p{P}\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]`

const split = (regex: string, more: Json = {}): Json => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
  ...more,
})

/**
 * A tokenizer.json's `pre_tokenizer` in other words, which mean the same to the reference and which
 * `@huggingface/tokenizers` reads exactly. Its own forms of these steps use JavaScript's `\s` and `\d`, which take U+FEFF
 * for white space, U+0085 for none, and only 0 to 9 for digits.
 */
export function reworded(preTokeniser: unknown): unknown {
  if (typeof preTokeniser !== 'object' || preTokeniser === null) return preTokeniser ?? null
  const json = preTokeniser as Json
  switch (json['type']) {
    case 'Sequence':
      return { ...json, pretokenizers: ((json['pretokenizers'] ?? []) as unknown[]).map(reworded) }
    case 'ByteLevel':
      return byteLevel(json)
    case 'WhitespaceSplit':
      return split(String.raw`\S+`, { behavior: 'Removed', invert: true })
    case 'Digits':
      return split(json['individual_digits'] === true ? String.raw`\p{N}` : String.raw`\p{N}+`)
    case 'Punctuation':
      return json['behavior'] === undefined || json['behavior'] === 'Isolated' ? split(PUNCTUATION) : json
    case 'Metaspace':
      return metaspace(json)
    default:
      return json
  }
}

function byteLevel(json: Json): Json {
  const bytes = { ...json, add_prefix_space: false, use_regex: false }
  const steps: Json[] = [bytes]
  if (json['use_regex'] !== false) steps.unshift(split(BYTE_LEVEL))
  if (json['add_prefix_space'] === true) {
    steps.unshift({ type: 'Replace', pattern: { Regex: String.raw`\A(?! )` }, content: ' ' })
  }
  return steps.length === 1 ? bytes : { type: 'Sequence', pretokenizers: steps }
}

/** The library leaves the words in one piece, where pieces that reach from one into the next could be found. */
function metaspace(json: Json): Json {
  const isLegacy = json['prepend_scheme'] === undefined && json['add_prefix_space'] === false
  const step = isLegacy ? { ...json, prepend_scheme: 'never' } : json
  if (json['split'] === false) return step
  const sign = typeof json['replacement'] === 'string' ? json['replacement'] : '\u2581'
  const words = split(`${sign}?[^${sign}]+|${sign}`)
  return { type: 'Sequence', pretokenizers: [step, words] }
}
