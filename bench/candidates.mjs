/**
 * Candidate pools for the benchmarks: 100 texts for each of five questions, with the length of every pair drawn from a
 * profile. The prose is invented (lib/invented.mjs) and seeded; nothing is read from a data set unless `--text` is
 * given and the optional folder is there.
 *
 *   node bench/candidates.mjs [--profile mixed] [--text xquad-en]     prints the length of the pairs
 */
import { parseArgs } from 'node:util'
import { inventedTopic } from './lib/invented.mjs'
import { seededRandom, shuffle } from './lib/random.mjs'
import { mean, median } from './lib/stats.mjs'
import { table } from './lib/report.mjs'
import { cutToTokens, pairLength, realTopic } from './lib/texts.mjs'

/** Tokens of a pair, question and special tokens included: the least, the most and the mean. */
export const profiles = {
  mixed: { least: 43, most: 314, mean: 155 },
  narrow: { least: 110, most: 188, mean: 137 },
  short: { least: 26, most: 119, mean: 53 },
  longtail: { least: 35, most: 541, mean: 101 },
}

/**
 * @param {string} profileName one of {@link profiles}
 * @param {{ queries?: number, size?: number, seed?: number, text?: string }} [options] `text`: name of a real set
 * @returns {{ query: string, texts: string[], tokens: number[] }[]} `tokens` before any truncation
 */
export function candidateSets(profileName, { queries = 5, size = 100, seed = 1, text } = {}) {
  const random = seededRandom(seed * 1000 + Object.keys(profiles).indexOf(profileName))
  return Array.from({ length: queries }, (_, position) => {
    const topic = text === undefined ? inventedTopic(random, position) : realTopic(random, text)
    const lengths = shuffle(random, wantedLengths(profiles[profileName], size))
    const texts = lengths.map((length) => cutToTokens(topic.query, topic.paragraph(), length))
    return { query: topic.query, texts, tokens: texts.map((one) => pairLength(topic.query, one)) }
  })
}

/** Evenly spaced quantiles of least + (most - least) * u^p, with the p that gives the wanted mean. */
function wantedLengths({ least, most, mean: wantedMean }, size) {
  const power = (most - least) / (wantedMean - least) - 1
  return Array.from({ length: size }, (_, i) => Math.round(least + (most - least) * (i / (size - 1)) ** power))
}

function describe(name, sets) {
  const tokens = sets.flatMap((set) => set.tokens)
  const [least, most] = [Math.min(...tokens), Math.max(...tokens)]
  return [
    name,
    tokens.length,
    least,
    median(tokens),
    Math.round(mean(tokens)),
    most,
    `x${(most / mean(tokens)).toFixed(1)}`,
  ]
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { profile: { type: 'string' }, text: { type: 'string' }, show: { type: 'boolean' } },
  })
  const names = values.profile === undefined ? Object.keys(profiles) : [values.profile]
  const sets = names.map((name) => candidateSets(name, values.text === undefined ? {} : { text: values.text }))
  console.log(
    table(
      ['profile', 'pairs', 'least', 'median', 'mean', 'most', 'padding'],
      names.map((name, i) => describe(name, sets[i])),
    ),
  )
  if (values.show)
    console.log(
      sets[0]
        .slice(0, 2)
        .map(({ query, texts }) => [query, ...texts.slice(0, 3)].join('\n  '))
        .join('\n'),
    )
}
