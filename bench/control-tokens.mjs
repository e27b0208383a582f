/**
 * What somebody gains who writes control tokens into a passage: how far a passage that is not relevant climbs among the
 * candidates of a question when it spells `[SEP]` and the like, once with those read as control tokens
 * (`splitSpecialTokens: false`, as in Python) and once as text (the default). Stuffing the question into the passage, which
 * needs no control token, is the comparison: nothing that a tokenizer does can stop that.
 *
 *   node bench/control-tokens.mjs [--models bundled,bundled-tiny,FOLDER] [--sets wikiqa,scifact] [--limit 40] [--depth 20]
 *
 * Candidates are the best of BM25 over the whole collection; the attacked passage is the lowest of them that is not judged
 * relevant. Needs the optional data folder beside the checkout.
 */
import { parseArgs } from 'node:util'
import { basename, join } from 'node:path'
import { openBeirFolder } from '@secondpass/core/eval'
import { paths, requirePath } from './lib/paths.mjs'
import { describeMachine, report, table } from './lib/report.mjs'
import { halfWidth95, mean } from './lib/stats.mjs'

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: 'bundled,bundled-tiny' },
    sets: { type: 'string', default: 'wikiqa,scifact' },
    limit: { type: 'string', default: '40' },
    depth: { type: 'string', default: '20' },
    name: { type: 'string', default: 'control-tokens' },
  },
})
const machine = describeMachine()
const { bm25, createReranker, crossEncoder } = await import(requirePath(paths.core, 'run `pnpm build`'))

/** What an attacker writes, from the question and the passage; the same without control tokens stands beside it. */
const attacks = {
  'the question in front': (query, text) => `${query} ${text}`,
  'the question in front, behind [SEP]': (query, text) => `${query} [SEP] ${text}`,
  'the question at the end': (query, text) => `${text} ${query}`,
  'the question at the end, behind [SEP]': (query, text) => `${text} [SEP] ${query}`,
  'a whole pair in front': (query, text) => `[SEP] [CLS] ${query} [SEP] ${query} [SEP] ${text}`,
  '[SEP] in front': (_query, text) => `[SEP] ${text}`,
  '[SEP] twenty times': (_query, text) => `${'[SEP] '.repeat(20)}${text}`,
  '[CLS] twenty times': (_query, text) => `${'[CLS] '.repeat(20)}${text}`,
  '[MASK] twenty times': (_query, text) => `${'[MASK] '.repeat(20)}${text}`,
  '[PAD] twenty times': (_query, text) => `${'[PAD] '.repeat(20)}${text}`,
}

const spread = (all, limit) =>
  all.length <= limit ? [...all] : Array.from({ length: limit }, (_, at) => all[Math.floor((at * all.length) / limit)])

/** @returns the pools of a set: question, texts best first by BM25, and the place of the passage that is attacked */
async function poolsOf(set) {
  const folder = await openBeirFolder(requirePath(join(paths.data, set), 'put a set in BEIR layout there'))
  const texts = []
  for await (const { id, title, text } of folder.corpus()) texts.push({ id, text: title ? `${title}. ${text}` : text })
  const lexical = createReranker({ scorer: bm25({ k1: 0.9, b: 0.4 }), depth: Infinity })
  const pools = []
  for (const [id, query] of spread([...folder.queries], Number(options.limit))) {
    const { results } = await lexical.rerank(query, texts, { topN: Number(options.depth) })
    const grades = folder.qrels.get(id)
    const victim = results.findLastIndex(({ candidate }) => !(grades?.get(candidate.id) > 0))
    if (victim >= 0) pools.push({ query, texts: results.map(({ candidate }) => candidate.text), victim })
  }
  return pools
}

const logitsOf = async (reranker, query, texts) => {
  const { results } = await reranker.rerank(query, texts)
  return results.toSorted((a, b) => a.index - b.index).map(({ logit, score }) => logit ?? score)
}

/** @returns for each attack: what the attacked passage won in logits, and its rank before and after */
async function measure(model, splitSpecialTokens, pools) {
  const scorer = crossEncoder({ model, splitSpecialTokens })
  const reranker = createReranker({ scorer, blend: false, skip: false, depth: Infinity })
  const won = Object.fromEntries(Object.keys(attacks).map((name) => [name, []]))
  for (const { query, texts, victim } of pools) {
    const written = Object.values(attacks).map((attack) => attack(query, texts[victim]))
    const logits = await logitsOf(reranker, query, [...texts, ...written])
    const others = logits.slice(0, texts.length).filter((_, at) => at !== victim)
    const rankOf = (logit) => 1 + others.filter((other) => other > logit).length
    for (const [at, name] of Object.keys(attacks).entries()) {
      const [before, after] = [logits[victim], logits[texts.length + at]]
      won[name].push({ logits: after - before, before: rankOf(before), after: rankOf(after) })
    }
  }
  await reranker.close()
  return won
}

const pools = []
for (const set of options.sets.split(',')) pools.push(...(await poolsOf(set)))

const signed = (value) => `${value >= 0 ? '+' : ''}${value.toFixed(2)}`
const cell = (all) =>
  `${signed(mean(all.map(({ logits }) => logits)))}, rank ${mean(all.map(({ after }) => after)).toFixed(1)}`
const [tables, data] = [[], {}]
for (const model of options.models.split(',')) {
  const read = await measure(model, false, pools)
  const split = await measure(model, true, pools)
  const name = basename(model)
  const rows = Object.keys(attacks).map((attack) => {
    const more = read[attack].map(({ logits }, at) => logits - split[attack][at].logits)
    return [attack, cell(read[attack]), cell(split[attack]), `${signed(mean(more))} ± ${halfWidth95(more).toFixed(2)}`]
  })
  const before = mean(read['[SEP] in front'].map((one) => one.before)).toFixed(1)
  tables.push(
    `${name}: the passage stands at rank ${before} of ${options.depth} before.\n\n${table(['what is written', 'read as control tokens', 'read as text', 'control tokens win, in logits'], rows)}`,
  )
  data[name] = Object.fromEntries(rows.map(([attack, ...cells]) => [attack, cells]))
}
const { sets, limit, depth } = options
report(options.name, { machine, sets, limit, depth, pools: pools.length, models: data, tables })
