/**
 * The grade that an answer is: a whole number from 0 to `maxGrade`, perhaps after `Grade:` or before `/10`, and nothing
 * else but the thoughts of a reasoning model before it. A number inside a sentence is no grade.
 */
export function gradeOf(answer: string, maxGrade: number): number | undefined {
  const thoughts = answer.lastIndexOf('</think>')
  const text = (thoughts < 0 ? answer : answer.slice(thoughts + '</think>'.length)).normalize('NFKC').trim()
  const match =
    /^[*_`"']{0,3}(?:(?:grade|score|answer|rating)\s?[:=]\s?)?[*_`"']{0,3}(\d{1,3})(?:\s?\/\s?(\d{1,3}))?[*_`"']{0,3}\.?$/i.exec(
      text,
    )
  if (match === null || (match[2] !== undefined && Number(match[2]) !== maxGrade)) return undefined
  const grade = Number(match[1])
  return grade <= maxGrade ? grade : undefined
}
