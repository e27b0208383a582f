/** Real text for those who have the optional data folder beside the checkout (BEIR layout). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths, requirePath } from './paths.mjs'
import { pick } from './random.mjs'

const cache = new Map()

function load(name) {
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
  if (!cache.has(name)) cache.set(name, load(name))
  const { queries, passages } = cache.get(name)
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
