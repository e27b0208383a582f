// @ts-check
import { MockLanguageModelV3 } from 'ai/test'

const usage = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
}

/**
 * A stand-in for a language model that calls tools, in the form of the AI SDK. It searches for each question of its task,
 * for the first one again, as if it had forgotten, and answers with the title that it found first.
 */
export function standInAgent() {
  return new MockLanguageModelV3({
    async doGenerate({ prompt }) {
      const given = prompt.flatMap(({ role, content }) => (role === 'user' ? content : []))
      const task = given.map((part) => (part.type === 'text' ? part.text : '')).join(' ')
      const questions = (task.match(/[^.?]+\?/g) ?? []).map((question) => question.trim())
      const found = prompt.flatMap(({ role, content }) => (role === 'tool' ? content : []))
      const next = [...questions, ...questions.slice(0, 1)][found.length]
      if (next !== undefined) {
        const call = {
          toolCallId: `call-${found.length}`,
          toolName: 'search',
          input: JSON.stringify({ question: next }),
        }
        return answer('tool-calls', { type: 'tool-call', ...call })
      }
      const [title] = JSON.stringify(found[0]).match(/(?<="title":")[^"]+/) ?? ['nothing']
      return answer('stop', { type: 'text', text: `See "${title}".` })
    },
  })
}

/**
 * @param {'stop' | 'tool-calls'} reason
 * @param {Awaited<ReturnType<MockLanguageModelV3['doGenerate']>>['content'][number]} content
 */
function answer(reason, content) {
  return { content: [content], usage, warnings: [], finishReason: { unified: reason, raw: undefined } }
}
