import { RerankError, show } from '../../errors.js'
import type { EndToEndOptions } from './options.js'
import type { EndToEndQuery, EndToEndRecord, Preference, Way } from './types.js'

/** What became of one pair of answers. */
export type Comparison = Pick<EndToEndRecord, 'difference' | 'grades' | 'positionDecided'>

/**
 * Compares the answers by whichever judge was given.
 *
 * A judge that compares is asked twice, with the answers swapped, because judges favour a position (Zheng et al. 2023,
 * "Judging LLM-as-a-judge"; Wang et al. 2023, "Large language models are not fair evaluators"). Preferring the same position
 * both times is no preference.
 *
 * @throws RerankError `'scorer'` when the judge answers with something else than it may.
 */
export async function compareAnswers(
  { query, reference }: EndToEndQuery,
  { firstStage, reranked }: Readonly<Record<Way, string>>,
  { judge, grade, signal }: Pick<EndToEndOptions, 'judge' | 'grade'> & { readonly signal: AbortSignal },
): Promise<Comparison> {
  const about = { query, signal, ...(reference !== undefined && { reference }) }
  if (judge !== undefined) {
    const straight = readPreference(await judge({ ...about, answers: [firstStage, reranked] }))
    const swapped = readPreference(await judge({ ...about, answers: [reranked, firstStage] }))
    const difference = (PREFERRED[straight] - PREFERRED[swapped]) / 2
    return { difference, positionDecided: straight !== 'tie' && straight === swapped }
  }
  const gradeOf = async (answer: string): Promise<number> => readGrade(await grade?.({ ...about, answer }))
  const grades = { firstStage: await gradeOf(firstStage), reranked: await gradeOf(reranked) }
  return { difference: grades.reranked - grades.firstStage, grades }
}

/** What a preference says for the second answer. */
const PREFERRED: Readonly<Record<Preference, number>> = { first: -1, tie: 0, second: 1 }

function readPreference(answer: unknown): Preference {
  if (answer === 'first' || answer === 'second' || answer === 'tie') return answer
  throw new RerankError('scorer', `The judge answered ${show(answer)}: it must answer 'first', 'second' or 'tie'`)
}

function readGrade(grade: unknown): number {
  if (typeof grade === 'number' && grade >= 0 && grade <= 1) return grade
  throw new RerankError('scorer', `The grade is ${show(grade)}: it must be a number from 0 to 1`)
}
