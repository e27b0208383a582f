import { intervalName } from './sections.js'
import type { EvalReport } from './types.js'

type Entry = readonly [term: string, meaning: string]

/** What each family of metrics is, in a sentence. A number behind @ is how many places from the top count. */
const METRICS: Readonly<Record<string, string>> = {
  nDCG: 'How good the order is, with the top counting most: 1 is the best order possible, 0 has nothing relevant.',
  'nDCG-exp': 'nDCG in which the highest grades weigh far more than the others.',
  MRR: 'One divided by the place of the first relevant passage: 1 when it is first, 0.5 when it is second.',
  MAP: 'The share of relevant passages down to each relevant one, averaged: 1 when all of them stand before the rest.',
  recall: 'The share of all relevant passages that are in the list, or in its first places.',
  precision: 'The share of the first places that hold a relevant passage.',
  success: 'Whether a relevant passage stands in the first places at all: 1 or 0.',
  judged: 'The share of the first places that anybody has judged. It says how far the other figures can be trusted.',
}

const SIGNALS: Readonly<Record<string, string>> = {
  margin: "how far the first result leads the third, on the search's own scale: a clear leader is more often right",
  'relative-margin': 'the same lead as a share of the larger score, for scales without bounds such as BM25',
  'top-score': 'the score of the first result: it is high for some questions whatever is found, so seldom the best',
  'score-shape': 'how far the first score stands out from the next nine, in their standard deviations',
  'query-length': 'how few words the question has: short ones are often names, which a search by words finds',
}

/** What a signal looks at, in plain words; nothing for one of the caller's own. */
export function signalMeaning(signal: string): string | undefined {
  return SIGNALS[signal]
}

/** The words of a report that a reader may not know, each in a sentence; only those that the report uses. */
export function glossaryOf(report: EvalReport): Entry[] {
  const { metrics, latency, skip, depth, about } = report
  const families = new Map(metrics.map(({ name }) => [name.replace(/@.*/, ''), name]))
  const entries: (Entry | false)[] = [
    ...Array.from(families, ([family, name]): Entry | false => {
      const meaning = METRICS[family]
      return meaning !== undefined && [name, meaning]
    }),
    ['First stage', 'Your search: what found the candidates, and the order that it gave them.'],
    [
      'Reranked',
      'The same candidates in the order of the scorer, blended with the first stage where that is said below.',
    ],
    [
      intervalName(report),
      'Where the difference would lie for other questions like these. When it holds 0, the difference may be chance.',
    ],
    about.blend !== undefined && [
      'Blend',
      "A mix of two scores, the model's and the first stage's. The share is what the model's counts for, from 0 to 1.",
    ],
    latency !== undefined && ['p95', 'The time that 95 of 100 calls stay within.'],
    skip !== undefined && [
      'Signal',
      'What can be seen before reranking, such as how far the first result leads. A policy skips where it is high enough.',
    ],
    ...(skip?.curves ?? []).map(({ signal }): Entry | false => {
      const meaning = signalMeaning(signal)
      return meaning !== undefined && [signal, `A signal: ${meaning}.`]
    }),
    depth !== undefined && ['Depth', 'How many candidates from the top are scored; the rest stay where they were.'],
  ]
  return entries.filter((entry): entry is Entry => entry !== false)
}
