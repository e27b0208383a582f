// @ts-check
// Connects a model that node-llama-cpp runs in this process to `llmListwise` and `llmPointwise`. Copy this file.
import { LlamaChatSession } from 'node-llama-cpp'

/** How many of the likely first tokens are handed back: the rest weighs less than rounding. */
const LIKELY_TOKENS = 20

/**
 * @param {import('node-llama-cpp').LlamaContext} context of one sequence or more, of which one is taken. Prompts are
 *   answered one after the other: give the scorer `concurrency: 1`, so that time spent waiting is not taken for the
 *   model's. Its `contextSize` must hold the longest prompt: 4,096 tokens are enough for 10 passages of 300.
 * @returns {{
 *   generate: import('@secondpass/core').Generate,
 *   generateYesNo: import('@secondpass/core').GenerateYesNo,
 * }}
 */
export function generateWith(context) {
  const sequence = context.getSequence()
  const session = new LlamaChatSession({ contextSequence: sequence })
  const { model } = context
  /** @type {Promise<unknown>} */
  let turn = Promise.resolve()
  /** @template T @param {() => Promise<T>} task @returns {Promise<T>} when those before it are done */
  const inTurn = (task) => {
    const result = turn.then(task)
    turn = result.catch(() => {})
    return result
  }

  return {
    generate: (prompt, { signal, maxAnswerTokens, stats }) =>
      inTurn(async () => {
        signal.throwIfAborted()
        // Each prompt stands alone. What it has in common with the one before is not computed again.
        session.resetChatHistory()
        const before = sequence.tokenMeter.getState()
        try {
          return await session.prompt(prompt, { temperature: 0, maxTokens: maxAnswerTokens, signal })
        } finally {
          count(stats, sequence.tokenMeter.diff(before))
        }
      }),

    generateYesNo: (prompt, { signal, stats }) =>
      inTurn(async () => {
        signal.throwIfAborted()
        const chatHistory = /** @type {import('node-llama-cpp').ChatHistoryItem[]} */ ([
          { type: 'user', text: prompt },
          { type: 'model', response: [''] },
        ])
        const tokens = session.chatWrapper.generateContextState({ chatHistory }).contextText.tokenize(model.tokenizer)
        const before = sequence.tokenMeter.getState()
        // The last token is always read anew: what follows it is what is asked.
        await sequence.adaptStateToTokens(tokens.slice(0, -1))
        const known = Math.min(sequence.nextTokenIndex, tokens.length - 1)
        await sequence.eraseContextTokenRanges([{ start: known, end: sequence.nextTokenIndex }])
        const rest = tokens.slice(known, -1)
        const last = /** @type {import('node-llama-cpp').Token} */ (tokens.at(-1))
        // A temperature of 0 leaves the probabilities as the model gives them: any other comes with a cut of the list.
        const asked = { generateNext: { probabilities: true, options: { temperature: 0 } } }
        const read = await sequence.controlledEvaluate([...rest, [last, asked]])
        count(stats, sequence.tokenMeter.diff(before))
        const likely = [...(read.at(-1)?.next.probabilities ?? [])].slice(0, LIKELY_TOKENS)
        return likely.map(([token, chance]) => ({ token: model.detokenize([token]), logprob: Math.log(chance) }))
      }),
  }
}

/**
 * @param {Record<string, number>} stats of the report
 * @param {{ usedInputTokens: number, usedOutputTokens: number }} used
 */
function count(stats, { usedInputTokens, usedOutputTokens }) {
  stats.inputTokens = (stats.inputTokens ?? 0) + usedInputTokens
  stats.outputTokens = (stats.outputTokens ?? 0) + usedOutputTokens
}
