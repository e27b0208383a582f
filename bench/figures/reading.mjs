/**
 * What an order by words alone gets wrong, and what careless questions and other searches change: from what
 * `python -m evaluate.contrast`, `evaluate.robust` and `evaluate --first-stage` left in training/runs.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../lib/paths.mjs'
import { pageTable } from './table.mjs'

/** @param {string} name a path below training/runs */
const run = (name) => JSON.parse(readFileSync(join(paths.root, 'training/runs', `${name}.json`), 'utf8'))
const three = (/** @type {number} */ value) => value.toFixed(3)
const signed = (/** @type {number} */ value) => `${value < 0 ? '' : '+'}${value.toFixed(3)}`

/** Of the pairs of a kind, those whose answer comes before the distractor: a row a kind, a column a system. */
function contrast() {
  const { split, systems } = run('contrast/test')
  const names = Object.keys(systems)
  const kinds = Object.keys(systems[names[0]])
  const rows = kinds.map((kind) => [
    kind === 'all' ? `all ${systems[names[0]].all[1]}` : `${kind.replaceAll('-', ' ')} (${systems[names[0]][kind][1]})`,
    ...names.map((name) => String(systems[name][kind][0])),
  ])
  return [
    pageTable(['right, alone', ...names], rows),
    `The ${split} half of \`training/evaluate/contrast\`; half of a row is what a coin gets.`,
  ].join('\n\n')
}

/** The pairs in one line, for the card of one model. */
const contrastOf = (/** @type {string} */ name) => () => {
  const { systems } = run('contrast/test')
  const right = (/** @type {string} */ system) => `${systems[system].all[0]}`
  const others = Object.keys(systems).filter((system) => !['mini', 'tiny'].includes(system))
  const compared = others.map((system) => `${system} ${right(system)}`).join(', ')
  return `Of ${systems[name].all[1]} contrast pairs, an answer in other words against a distractor with the question's words, it has ${right(name)} right, alone (${compared}; a coin has half of them).`
}

/** The same questions as careless or hurried people type them, for the card of one model. */
const carelessOf = (/** @type {string} */ name) => () => {
  const { queries, sets, questions, 'first stage': stage } = run(`robust/${name}`)
  const columns = ['first stage', 'alone', 'blended']
  const rows = Object.entries(queries).map(([query, measured]) => [
    query,
    ...columns.map((column) => {
      const { mean, change } = measured[column]
      return query === 'as it is' ? three(mean) : `${three(mean)} (${signed(change[0])})`
    }),
  ])
  return [
    pageTable(['question', stage, 'model alone', 'blend'], rows),
    `nDCG@10, mean of ${sets.join(', ')}, ${questions} questions of each; in brackets the change from the question as it is. ${stage} is asked the changed question too.`,
  ].join('\n\n')
}

/** A row a first stage, for both models: the search alone, the model alone, and the blend by the default shares. */
function firstStages() {
  const { models, max_tokens: tokens } = run('first-stages/first-stages')
  const tables = Object.entries(models).map(([name, { sets, mean }]) => {
    const columns = Object.keys(sets)
    const heads = columns.map((set) => `${set} (${Object.values(sets[set])[0].questions})`)
    const cell = (/** @type {{ first: number, alone: number, blended: number } | undefined} */ row) =>
      row === undefined ? '-' : [row.first, row.alone, row.blended].map(three).join(' / ')
    const rows = Object.entries(mean).map(([stage, of]) => [
      stage,
      ...columns.map((set) => cell(sets[set][stage])),
      cell(of),
      signed(of.worst),
    ])
    return pageTable([name, ...heads, 'mean of sets', 'worst set'], rows)
  })
  return [
    ...tables,
    `nDCG@10 over the first 100 of each search over whole collections, at most ${tokens} tokens a pair: search / model alone / blend by the default shares. "Worst set": the least that the blend adds.`,
  ].join('\n\n')
}

/** Shares of the blend that one half of the questions would choose, and the shipped ones, on both halves: for the card of one model. */
const sharesOf = (/** @type {string} */ name) => () => {
  const found = run('first-stages/shares')[name]
  const half = (/** @type {{ mean: number, worst: Record<string, number[]> }} */ { mean, worst }) => {
    const [[where, [least]]] = Object.entries(worst)
    return `${signed(mean)}, ${signed(least)} (${where})`
  }
  const rows = Object.entries(found).flatMap(([searches, shares]) =>
    Object.entries(shares).map(([which, { share, develop, test }]) => [
      `behind ${searches}, ${which}`,
      String(share),
      half(develop),
      half(test),
    ]),
  )
  return pageTable(['share', '', 'on one half: mean, worst', 'on the other half'], rows)
}

/** @type {Record<string, () => string>} */
export const reading = {
  contrast,
  'first stages': firstStages,
  'contrast of mini': contrastOf('mini'),
  'contrast of tiny': contrastOf('tiny'),
  'careless questions of mini': carelessOf('mini'),
  'careless questions of tiny': carelessOf('tiny'),
  'shares of mini': sharesOf('mini'),
  'shares of tiny': sharesOf('tiny'),
}
