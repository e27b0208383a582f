import type { Generate } from '../../../../../packages/core/src/score/remote/language-models/model.ts'
import type { Call } from '../../../../../packages/core/src/types.ts'
import { callOf } from '../../../../contract/fake-scorer.ts'

/** What a model sees in a prompt of ours: the query and the passages under their numbers. */
export function readPrompt(prompt: string): { query: string; passages: string[] } {
  const passages = [...prompt.matchAll(/^<passage(?: number="\d+")?>(.*)<\/passage>$/gm)].map(([, text = '']) => text)
  return { query: /^<query>(.*)<\/query>$/m.exec(prompt)?.[1] ?? '', passages }
}

/** A model with a taste: it puts passages into order by a number, higher first, and answers in the form asked for. */
export function judge(by: (passage: string) => number): Generate & { prompts: string[] } {
  const prompts: string[] = []
  const generate: Generate = async (prompt) => {
    prompts.push(prompt)
    const { passages } = readPrompt(prompt)
    const order = passages.map((_, at) => at).toSorted((a, b) => by(passages[b] ?? '') - by(passages[a] ?? ''))
    return order.map((at) => `[${at + 1}]`).join(' > ')
  }
  return Object.assign(generate, { prompts })
}

/** Texts that say a number, the best last. */
export const numbered = (count: number): string[] => Array.from({ length: count }, (_, at) => `Lamp number ${at}`)
export const numberIn = (text: string): number => Number(/\d+$/.exec(text)?.[0] ?? -1)

/** Scores texts, with what was counted. */
export async function scored(
  scorer: { score(query: string, texts: readonly string[], call: Call): Promise<readonly number[]> },
  texts: readonly string[],
  more: Partial<Call> = {},
): Promise<{ scores: readonly number[]; stats: Record<string, number>; notes: Map<number, unknown> }> {
  const call = callOf(more)
  const scores = await scorer.score('Which lamp?', texts, call)
  return { scores, stats: call.stats, notes: call.notes }
}
