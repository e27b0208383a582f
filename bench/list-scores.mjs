/**
 * What a score says of the best passage of a list, and what it says given that something in the list is relevant: each
 * number's log loss, and how often the best passage is right beside how likely it is said to be.
 *
 *   secondpass eval --beir ../shared/data/dev/wikiqa --candidates 50 --limit 40 --state wikiqa.state
 *   node bench/list-scores.mjs wikiqa.state=../shared/data/dev/wikiqa [more.state=folder …] [--depth 50]
 *
 * Lists without a relevant passage among the first `--depth` are left out. `each` is the score as it is; `any` divides it by
 * the probability that anything is relevant, all passages taken for independent; `one` divides its odds by those of all,
 * which is right if exactly one is relevant.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { paths } from './lib/paths.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { depth: { type: 'string', default: '50' } },
})
const { temperature } = JSON.parse(readFileSync(join(paths.model, 'calibration.json'), 'utf8'))

/** @param {string} folder @returns {Map<string, Set<string>>} relevant ids by query */
function relevantIn(folder) {
  const found = new Map()
  const [, ...lines] = readFileSync(join(folder, 'qrels/test.tsv'), 'utf8').trim().split('\n')
  for (const line of lines) {
    const [query, id, grade] = line.split('\t')
    if (Number(grade) > 0) found.set(query, (found.get(query) ?? new Set()).add(id))
  }
  return found
}

/** @param {string} file @param {string} folder @returns {{ probabilities: number[], relevant: boolean[] }[]} */
function listsOf(file, folder) {
  const relevantTo = relevantIn(folder)
  const [, ...lines] = readFileSync(file, 'utf8').trim().split('\n')
  const lists = lines.map((line) => {
    const { queryId, ids, scores } = JSON.parse(line)
    const depth = Number(values.depth)
    const relevant = ids.slice(0, depth).map((/** @type {string} */ id) => relevantTo.get(queryId)?.has(id) === true)
    const probabilities = scores
      .slice(0, depth)
      .map((/** @type {number} */ logit) => 1 / (1 + Math.exp(-logit / temperature)))
    return { probabilities, relevant }
  })
  return lists.filter(({ relevant }) => relevant.includes(true))
}

/** @type {Record<string, (probabilities: number[]) => number[]>} */
const ways = {
  each: (probabilities) => probabilities,
  any: (probabilities) => {
    const none = probabilities.reduce((product, one) => product * (1 - one), 1)
    return probabilities.map((one) => Math.min(1, one / (1 - none)))
  },
  one: (probabilities) => {
    const odds = probabilities.map((one) => one / (1 - one))
    const all = odds.reduce((sum, each) => sum + each, 0)
    return odds.map((each) => each / all)
  },
}

const mean = (/** @type {number[]} */ numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length

const lists = positionals.flatMap((pair) => {
  const [file = '', folder = ''] = pair.split('=')
  return listsOf(file, folder)
})
console.log(`${lists.length} lists of ${values.depth} at most`)
for (const [name, way] of Object.entries(ways)) {
  const said = lists.map(({ probabilities }) => way(probabilities))
  const losses = said.flatMap((list, at) =>
    list.map((one, place) => -Math.log(Math.max(1e-12, lists[at]?.relevant[place] === true ? one : 1 - one))),
  )
  const best = said.map((list) => list.indexOf(Math.max(...list)))
  const top = mean(said.map((list, at) => list[best[at] ?? 0] ?? 0))
  const right = mean(lists.map(({ relevant }, at) => (relevant[best[at] ?? 0] === true ? 1 : 0)))
  const figures = [mean(losses), top, right].map((figure) => figure.toFixed(3))
  console.log(
    `${name.padEnd(5)} log loss ${figures[0]}; the best is said to be right with ${figures[1]}, and is in ${figures[2]}`,
  )
}
