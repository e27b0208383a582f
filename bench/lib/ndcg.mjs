/** nDCG@10 as trec_eval's ndcg_cut_10: linear gain, log2 discount, the ideal over everything judged. */

/**
 * @param {string[]} ranked passage ids, best first
 * @param {Record<string, number>} judged passage id -> grade; missing or not above 0 earns nothing
 */
export function ndcgAt10(ranked, judged) {
  const ideal = Object.values(judged).sort((a, b) => b - a)
  return gain(ranked.map((id) => judged[id] ?? 0)) / gain(ideal)
}

function gain(grades) {
  return grades.slice(0, 10).reduce((sum, grade, place) => sum + (grade > 0 ? grade / Math.log2(place + 2) : 0), 0)
}
