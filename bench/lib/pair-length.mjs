/** Lengths in tokens, by the reference tokeniser in JavaScript. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { paths, requirePath } from './paths.mjs'

let tokenizer

function load() {
  const folder = requirePath(paths.model, 'the model package is part of the repository')
  const read = (file) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  return new Tokenizer(read('tokenizer.json'), {})
}

const count = (text) => {
  tokenizer ??= load()
  return tokenizer.encode(text, { add_special_tokens: false }).ids.length
}

/** Tokens of [CLS] query [SEP] text [SEP], before any truncation. */
export function pairLength(query, text) {
  return 3 + count(query) + count(text)
}

/** Prose from `sentences`, cut after a word so that the pair has `length` tokens or a few fewer. */
export function cutToTokens(query, sentences, length) {
  const room = length - 3 - count(query)
  let words = []
  while (count(words.join(' ')) < room) words = words.concat(sentences.next().value.split(' '))
  let [fits, tooMany] = [1, words.length + 1]
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1
    if (count(words.slice(0, middle).join(' ')) <= room) fits = middle
    else tooMany = middle
  }
  return words.slice(0, fits).join(' ')
}
