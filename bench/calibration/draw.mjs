/** Calibrates on four fifths of a sample and looks at the fifth, again and again. */
import { seededRandom, shuffle } from '../lib/random.mjs'
import { mean } from '../lib/stats.mjs'

const PARTS = 5

/**
 * @param {typeof import('@secondpass/core/eval')} evaluation
 * @param {import('@secondpass/core/eval').CalibrationQuery[]} sample
 * @param {{ maxLoss: number, confidence: number, scorerId: string, retriever: string, corpus: string, date: string }} about
 * @returns what came of it: how often a threshold was promised, and what it skipped and lost where it was not chosen
 */
export function draw(evaluation, sample, about, repeats) {
  const everyLoss = mean(sample.map(({ loss }) => loss))
  const outcomes = { promised: 0, 'no-threshold': 0, 'too-few-queries': 0 }
  const signals = {}
  const seen = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    const order = shuffle(seededRandom(1000 + repeat), sample)
    for (let part = 0; part < PARTS; part++) {
      const held = order.filter((_, at) => at % PARTS === part)
      const rest = order.filter((_, at) => at % PARTS !== part)
      const { outcome, file, sentence } = evaluation.calibrateSkip(rest, {
        ...about,
        signals: signalsOf(evaluation),
        seed: repeat,
      })
      outcomes[outcome]++
      if (outcome === 'too-few-queries') return { ...about, outcomes, sentence: sentence, everyLoss, draws: 1 }
      if (outcome === 'promised') signals[file.signal] = (signals[file.signal] ?? 0) + 1
      seen.push(heldOut(evaluation, held, file))
    }
  }
  // A fifth is small; the five of one repeat are all questions, each judged by a threshold it had no part in.
  const repeated = Array.from({ length: repeats }, (_, repeat) => seen.slice(repeat * PARTS, (repeat + 1) * PARTS))
  const losses = repeated.map((parts) => mean(parts.flatMap((part) => part.losses)))
  return {
    ...about,
    outcomes,
    signals,
    draws: seen.length,
    skipRate: mean(seen.map(({ skipRate }) => skipRate)),
    loss: mean(losses),
    worstLoss: Math.max(...losses),
    everyLoss,
  }
}

/** @param {import('@secondpass/core/eval').CalibrationFile} file */
function heldOut(evaluation, held, file) {
  const { signal, threshold } = file
  if (signal === undefined) return { skipRate: 0, losses: held.map(() => 0) }
  const { measure } = signalsOf(evaluation).find(({ name }) => name === signal)
  const isSkipped = held.map((query) => (measure(query) ?? -Infinity) >= threshold)
  return {
    skipRate: mean(isSkipped.map(Number)),
    losses: held.map(({ loss }, at) => (isSkipped[at] ? loss : 0)),
  }
}

/** All signals that need nothing but the first stage. Agreement wants a second retriever, which these sets do not have. */
function signalsOf({ marginSignal, queryLengthSignal, shapeSignal, topScoreSignal }) {
  return [marginSignal(), marginSignal({ relative: true }), topScoreSignal(), shapeSignal(), queryLengthSignal()]
}
