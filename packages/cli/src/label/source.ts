import type { LabelledQuery } from '@secondpass/core/eval'
import { type TextLine, badLine, objectOf } from '../input/json-lines.js'
import { elementsOf, membersOf, repeatedKey } from '../input/source.js'

const QUERY_KEYS: readonly string[] = ['id', 'set', 'query', 'candidates', 'style']
const CANDIDATE_KEYS: readonly string[] = ['id', 'text', 'label', 'scores']

/**
 * A labelled line: what its line of the input holds, to the byte, and the scores. The keys of the format come first and
 * always in one order, so that equal lines are equal text.
 *
 * @param given what was read from the line
 * @param labelled the same with the scores
 */
export function labelledSource({ text }: TextLine, given: LabelledQuery, labelled: LabelledQuery): string {
  const { known, rest } = partsOf(text, QUERY_KEYS)
  const sources = elementsOf(known.get('candidates') ?? '[]')
  const candidates = labelled.candidates.map(({ scores }, at) =>
    candidateSource(sources[at] as string, given.candidates[at]?.scores ?? {}, scores),
  )
  return objectOf([
    ['id', known.get('id')],
    ['set', known.get('set') ?? '""'],
    ['query', known.get('query')],
    ['candidates', `[${candidates.join(',')}]`],
    ['style', known.get('style') ?? '"original"'],
    ...rest,
  ])
}

type Scores = Readonly<Record<string, number>>

function candidateSource(source: string, given: Scores, now: Scores): string {
  const { known, rest } = partsOf(source, CANDIDATE_KEYS)
  const scores = new Map(membersOf(known.get('scores') ?? '{}'))
  for (const [scorerId, score] of Object.entries(now)) {
    // A number that is what it was keeps its digits.
    if (!scores.has(scorerId) || given[scorerId] !== score) scores.set(scorerId, JSON.stringify(score))
  }
  return objectOf([
    ['id', known.get('id')],
    ['text', known.get('text')],
    ['label', known.get('label') ?? 'null'],
    ['scores', objectOf(scores)],
    ...rest,
  ])
}

/** The keys of the format, and all others in their order. */
function partsOf(
  source: string,
  keys: readonly string[],
): { readonly known: ReadonlyMap<string, string>; readonly rest: readonly (readonly [string, string])[] } {
  const members = membersOf(source)
  return {
    known: new Map(members.filter(([key]) => keys.includes(key))),
    rest: members.filter(([key]) => !keys.includes(key)),
  }
}

/** @throws CliError when a key of the format stands there twice: readers do not agree on which of the two counts. */
export function refuseRepeats(line: TextLine): void {
  const refuse = (source: string, keys: readonly string[]): void => {
    const repeated = repeatedKey(membersOf(source).filter(([key]) => keys.includes(key)))
    if (repeated !== undefined) throw badLine(line, `"${repeated}" stands there twice; write it once`)
  }
  refuse(line.text, QUERY_KEYS)
  for (const source of elementsOf(partsOf(line.text, QUERY_KEYS).known.get('candidates') ?? '[]')) {
    refuse(source, CANDIDATE_KEYS)
  }
}
