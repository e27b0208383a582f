/** Choosing a setting on one half of the questions and judging it on the other, both ways round. */
import { mean } from '../lib/stats.mjs'

/** How much of the single stage's nDCG@10 a setting may lose on the choosing half. */
export const tolerance = 0.005

/**
 * @param {{ label: string, outcomes: import('./variants.mjs').Outcome[] }[]} settings outcomes of all questions, in order
 * @param {import('./variants.mjs').Outcome[]} single those of the single stage
 * @returns {{ chosen: string[], outcomes: import('./variants.mjs').Outcome[] }} every question judged by a setting that was
 * chosen without it; `chosen` holds the labels for even and odd questions
 */
export function chooseByHalves(settings, single) {
  const outcomes = new Array(single.length)
  const chosen = [0, 1].map((half) => {
    const best = cheapest(settings, single, 1 - half)
    for (let at = half; at < single.length; at += 2) outcomes[at] = best.outcomes[at]
    return best.label
  })
  return { chosen, outcomes }
}

/** The setting with the fewest tokens that keeps the quality on this half; the best one when none does. */
function cheapest(settings, single, half) {
  const measured = settings.map((setting) => ({ setting, ...onHalf(setting.outcomes, half) }))
  const wanted = (1 - tolerance) * onHalf(single, half).ndcg
  const good = measured.filter(({ ndcg }) => ndcg >= wanted)
  const [first] = good.length > 0 ? good.sort((a, b) => a.tokens - b.tokens) : measured.sort((a, b) => b.ndcg - a.ndcg)
  return first.setting
}

function onHalf(outcomes, half) {
  const chosen = outcomes.filter((_, at) => at % 2 === half)
  return { ndcg: mean(chosen.map(({ ndcg }) => ndcg)), tokens: mean(chosen.map(({ tokens }) => tokens)) }
}
