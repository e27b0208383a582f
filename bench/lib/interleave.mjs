/** Times two processes turn by turn: A B A B, so that whatever else the machine does hits both. */
import { median } from './stats.mjs'

/**
 * @returns {Promise<{ peerMs: number, oursMs: number, ratio: number, cpuRatio: number, scores: number[] }>} medians over
 * the repeats of one question, and the peer's time over ours, by the clock and by processor time
 */
export async function timeSideBySide(peer, ours, { query, texts }, repeats) {
  const answers = { peer: [], ours: [] }
  for (let turn = 0; turn < repeats; turn++) {
    answers.ours.push(await ours.score(query, texts))
    answers.peer.push(await peer.score(query, texts))
  }
  const middle = (who, key) => median(answers[who].map((answer) => answer[key]))
  const [peerMs, oursMs] = [middle('peer', 'ms'), middle('ours', 'ms')]
  const cpuRatio = middle('peer', 'cpuMs') / middle('ours', 'cpuMs')
  return { peerMs, oursMs, ratio: peerMs / oursMs, cpuRatio, scores: answers.peer.at(-1).scores }
}
