/**
 * What the English model does to other languages: nDCG@10 of BM25, of the model alone, of both blended, and of the default,
 * which leaves alone what the model does not read.
 *
 *   node bench/languages.mjs [--sets xquad-en,xquad-de] [--limit 40] [--depth 30] [--model FOLDER] [--name languages]
 *
 * The first stage is the library's own `bm25` over the whole collection (k1 0.9, b 0.4): it cuts words in any script and
 * stems none, which is what a plain full-text index does. At most `--limit` questions of each set, evenly spread over the
 * file. Needs the optional data folder beside the checkout.
 */
import { parseArgs } from 'node:util'
import { join } from 'node:path'
import { openBeirFolder } from '@secondpass/core/eval'
import { ndcgAt10 } from './lib/ndcg.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { describeMachine, report, table } from './lib/report.mjs'
import { halfWidth95, mean } from './lib/stats.mjs'

const { values: options } = parseArgs({
  options: {
    sets: { type: 'string', default: 'xquad-en,xquad-es,xquad-de,squad-it,xquad-ru,xquad-zh,xquad-ar,xquad-hi' },
    limit: { type: 'string', default: '40' },
    depth: { type: 'string', default: '30' },
    model: { type: 'string', default: 'bundled' },
    name: { type: 'string', default: 'languages' },
  },
})
const machine = describeMachine()
const { bm25, createReranker, crossEncoder } = await import(requirePath(paths.core, 'run `pnpm build`'))

const scorer = crossEncoder({ model: options.model })
const alone = createReranker({ scorer, blend: false, skip: false })
const lexical = createReranker({ scorer: bm25({ k1: 0.9, b: 0.4 }), depth: Infinity })

/** @template T @param {readonly T[]} all @param {number} limit @returns {T[]} so many of them, evenly spread */
function spread(all, limit) {
  if (all.length <= limit) return [...all]
  return Array.from({ length: limit }, (_, at) => all[Math.floor((at * all.length) / limit)])
}

async function loadSet(set) {
  const folder = await openBeirFolder(requirePath(join(paths.data, set), 'put a set in BEIR layout there'))
  const texts = []
  for await (const { id, title, text } of folder.corpus()) {
    texts.push({ id, text: title && !text.startsWith(title) ? `${title}. ${text}` : text })
  }
  return { texts, queries: [...folder.queries], qrels: folder.qrels }
}

const idsOf = ({ results }) => results.map(({ candidate }) => candidate.id)

async function measureSet(set) {
  const { texts, queries, qrels } = await loadSet(set)
  const chosen = spread(queries, Number(options.limit))
  /** @type {{ bm25: string[][], model: string[][], blend: string[][], usual: string[][] }} */
  const ranked = { bm25: [], model: [], blend: [], usual: [] }
  const judged = []
  let skipped = 0
  for (const [id, text] of chosen) {
    judged.push(Object.fromEntries(qrels.get(id)))
    const first = await lexical.rerank(text, texts, { topN: Number(options.depth) })
    const pool = first.results.map(({ candidate, score }) => ({ ...candidate, score }))
    const read = await alone.rerank(text, pool, { topN: pool.length })
    ranked.bm25.push(idsOf(first))
    ranked.model.push(idsOf(read))
    ranked.blend.push(idsOf(await again(text, pool, read, { skip: false })))
    const usual = await again(text, pool, read)
    ranked.usual.push(idsOf(usual))
    skipped += usual.report.stages[0].outcome === 'skipped' ? 1 : 0
  }
  console.error(`${set}: ${chosen.length} questions`)
  const [lexicalScores, model, blend, usual] = Object.values(ranked).map((lists) => ndcgAt10(lists, judged))
  return { set, questions: chosen.length, skipped, bm25: lexicalScores, model, blend, usual }
}

/** What the library itself makes of the logits that are known already. */
function again(query, pool, { results }, more = {}) {
  const logits = new Array(pool.length)
  for (const { index, logit } of results) logits[index] = logit
  const known = { id: 'known-logits', scope: 'pair', score: async () => logits, defaults: scorer.defaults }
  return createReranker({ scorer: known, ...more }).rerank(query, pool, { topN: pool.length })
}

const measured = []
for (const set of options.sets.split(',')) measured.push(await measureSet(set))
await alone.close()

const difference = (left, right) => {
  const each = left.map((value, at) => value - right[at])
  return `${mean(each) >= 0 ? '+' : ''}${mean(each).toFixed(3)} ± ${halfWidth95(each).toFixed(3)}`
}
const rows = measured.map(({ set, questions, skipped, ...ways }) => [
  set,
  questions,
  ...[ways.bm25, ways.model, ways.blend, ways.usual].map((values) => mean(values).toFixed(3)),
  difference(ways.usual, ways.bm25),
  `${Math.round((100 * skipped) / questions)} %`,
])
const heads = ['set', 'questions', 'BM25', 'model alone', 'blended', 'default', 'default − BM25', 'left alone']
report(options.name, {
  machine,
  tables: [`${scorer.id}, BM25's top ${options.depth}, nDCG@10`, table(heads, rows)],
  options,
  measured: measured.map(({ bm25: lexicalScores, model, blend, usual, ...rest }) => ({
    ...rest,
    ndcgAt10: { bm25: mean(lexicalScores), model: mean(model), blend: mean(blend), default: mean(usual) },
  })),
})
