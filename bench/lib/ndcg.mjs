/** nDCG@10 by the library's own `evaluate`, which its tests hold against trec_eval and ir_measures. */
import { evaluate, runFromLists } from '@secondpass/core/eval'

/**
 * @param {readonly string[][]} ranked passage ids of each question, best first
 * @param {readonly Record<string, number>[]} judged passage id -> grade, of the same questions
 * @returns {number[]} one number a question
 */
export function ndcgAt10(ranked, judged) {
  const run = runFromLists(ranked.map((ids, at) => [String(at), ids]))
  const qrels = new Map(judged.map((grades, at) => [String(at), new Map(Object.entries(grades))]))
  const { perQuery } = evaluate(run, qrels, { metrics: ['nDCG@10'] })
  return [...perQuery.values()].map((row) => row['nDCG@10'])
}
