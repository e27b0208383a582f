/** Texts of a wanted length: real prose for those who have the optional data folder, and lengths by the reference tokeniser. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { paths, requirePath } from './paths.mjs'
import { pick } from './random.mjs'

const sets = new Map()

function loadSet(name) {
  const folder = requirePath(join(paths.data, name), 'leave --text out to use the invented prose')
  const lines = (file) =>
    readFileSync(join(folder, file), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).text)
  return { queries: lines('queries.jsonl'), passages: lines('corpus.jsonl') }
}

/** A question of the set and endless prose: sentences of one passage, then of the next. */
export function realTopic(random, name) {
  if (!sets.has(name)) sets.set(name, loadSet(name))
  const { queries, passages } = sets.get(name)
  return {
    query: pick(random, queries),
    *paragraph() {
      for (;;)
        yield* pick(random, passages)
          .split(/(?<=[.!?])\s+/)
          .filter(Boolean)
    },
  }
}

let tokenizer

function loadTokenizer() {
  const folder = requirePath(paths.model, 'the model package is part of the repository')
  const read = (file) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  return new Tokenizer(read('tokenizer.json'), {})
}

const count = (text) => {
  tokenizer ??= loadTokenizer()
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
