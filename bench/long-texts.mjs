/**
 * Ways to read texts that do not fit: the beginning, all windows, or only those windows in which the question's words stand.
 * nDCG@10, and how much is read for it.
 *
 *   node bench/long-texts.mjs [--set covidqa] [--together 10] [--limit 60] [--depth 20] [--model FOLDER] [--name long-texts]
 *
 * Long texts are made of the set's passages: those of one title that follow each other, `--together` at a time. A text answers
 * what one of its passages answers. The first stage is the library's own `bm25` over these texts. Needs the optional data
 * folder beside the checkout.
 */
import { parseArgs } from 'node:util'
import { join } from 'node:path'
import { openBeirFolder } from '@secondpass/core/eval'
import { ndcgAt10 } from './lib/ndcg.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { seededRandom, shuffle } from './lib/random.mjs'
import { describeMachine, report, table } from './lib/report.mjs'
import { bootstrap95, mean } from './lib/stats.mjs'

const { values: options } = parseArgs({
  options: {
    set: { type: 'string', default: 'covidqa' },
    together: { type: 'string', default: '10' },
    limit: { type: 'string', default: '60' },
    depth: { type: 'string', default: '20' },
    model: { type: 'string', default: 'bundled' },
    name: { type: 'string', default: 'long-texts' },
  },
})
const [together, limit, depth] = ['together', 'limit', 'depth'].map((name) => Number(options[name]))
const machine = describeMachine()
const { bm25, createReranker, crossEncoder } = await import(requirePath(paths.core, 'run `pnpm build`'))

/** Every way to read shares what was made of a window, so that only the first that reads it pays. */
const shared = { model: options.model, passageCacheMiB: 2048 }
const windows = { ...shared, longText: 'windows' }
const ways = {
  'the beginning': shared,
  'all windows': windows,
  '1 window, by words': { ...windows, windowsToRead: 1 },
  '2 windows, by words': { ...windows, windowsToRead: 2 },
  '3 windows, by words': { ...windows, windowsToRead: 3 },
}

const folder = await openBeirFolder(requirePath(join(paths.data, options.set), 'put a set in BEIR layout there'))
const texts = []
const textOf = new Map()
let open = { title: undefined, passages: [] }
for await (const { id, title, text } of folder.corpus()) {
  if (open.title !== title || open.passages.length === together) {
    open = { id: String(texts.length), title, passages: [] }
    texts.push(open)
  }
  open.passages.push(text)
  textOf.set(id, open.id)
}
const documents = texts.map(({ id, passages }) => ({ id, text: passages.join('\n') }))
const questions = shuffle(seededRandom(5), [...folder.queries])
  .map(([id, query]) => ({ query, judged: judgedOf(folder.qrels.get(id)) }))
  .filter(({ judged }) => Object.keys(judged).length > 0)
  .slice(0, limit)

/** The grades of texts: of each, that of its best passage. */
function judgedOf(grades) {
  /** @type {Record<string, number>} */
  const judged = {}
  for (const [passage, grade] of grades ?? []) {
    const text = textOf.get(passage)
    if (grade > 0 && text !== undefined) judged[text] = Math.max(grade, judged[text] ?? 0)
  }
  return judged
}

const idsOf = ({ results }) => results.map(({ candidate }) => candidate.id)
const lexical = createReranker({ scorer: bm25(), depth: Infinity })
const pools = []
for (const { query } of questions) {
  const { results } = await lexical.rerank(query, documents, { topN: depth })
  pools.push(results.map(({ candidate, score }) => ({ ...candidate, score })))
}

const judged = questions.map((one) => one.judged)
const first = ndcgAt10(
  pools.map((pool) => pool.map(({ id }) => id)),
  judged,
)
const measured = [{ way: 'bm25, nothing read', alone: first, blended: first, windows: 0, tokens: 0 }]
for (const [way, scorerOptions] of Object.entries(ways)) {
  const scorer = crossEncoder(scorerOptions)
  const one = { way, alone: [], blended: [], windows: 0, tokens: 0 }
  const rerank = async (blend) => {
    const reranker = createReranker({ scorer, skip: false, ...blend })
    const lists = []
    for (const [at, { query }] of questions.entries()) {
      const ranking = await reranker.rerank(query, pools[at], { topN: depth })
      lists.push(idsOf(ranking))
      const { stats } = ranking.report.stages[0]
      one.windows += (stats.windows ?? stats.texts) / questions.length / depth / 2
      one.tokens += stats.tokens / questions.length / depth / 2
    }
    return ndcgAt10(lists, judged)
  }
  one.alone = await rerank({ blend: false })
  one.blended = await rerank({})
  await scorer.close()
  measured.push(one)
  console.log(`${way}: ${mean(one.blended).toFixed(3)}`)
}

const all = measured.find(({ way }) => way === 'all windows')
const signed = (value) => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`
const against = (values, others) => {
  const differences = values.map((value, at) => value - others[at])
  return `${signed(mean(differences))} [${bootstrap95(differences, mean).map(signed).join(', ')}]`
}
report(options.name, {
  machine,
  options: { set: options.set, together, depth, model: options.model },
  tables: [
    `${options.set}: ${texts.length} texts of up to ${together} passages, ${questions.length} questions, the first ${depth} of BM25`,
    table(
      [
        'what is read',
        'windows a text',
        'tokens a text',
        'alone',
        'against all windows',
        'blended',
        'against all windows',
      ],
      measured.map((one) => [
        one.way,
        one.windows.toFixed(1),
        one.tokens.toFixed(0),
        mean(one.alone).toFixed(3),
        against(one.alone, all.alone),
        mean(one.blended).toFixed(3),
        against(one.blended, all.blended),
      ]),
    ),
    'Mean nDCG@10; differences with 95 % intervals by bootstrap over the questions.',
  ],
  measured,
})
