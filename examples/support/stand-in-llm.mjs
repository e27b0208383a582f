// @ts-check
import { createReranker } from '@secondpass/core'

/**
 * A stand-in for a language model. `generate` ranks passages: it reads the query and the passages out of the prompt, orders
 * them with the bundled model, and answers in the form it was asked for. `complete` rewrites a question, by one rule of
 * grammar: "it" is the last thing that was somebody's own.
 *
 * @returns {{
 *   generate: import('@secondpass/core').Generate,
 *   complete(prompt: string): Promise<string>,
 *   stop(): Promise<void>,
 * }}
 */
export function standInLlm() {
  const reranker = createReranker()
  return {
    async generate(prompt, { signal }) {
      const query = /<query>(.*)<\/query>/.exec(prompt)?.[1] ?? ''
      const passages = [...prompt.matchAll(/^<passage number="\d+">(.*)<\/passage>$/gm)].map(([, text = '']) => text)
      const { results } = await reranker.rerank(query, passages, { signal })
      return results.map(({ index }) => `[${index + 1}]`).join(' > ')
    },
    async complete(prompt) {
      const owned = [...prompt.matchAll(/\b(?:my|our) [\w ]+/g)].at(-1)?.[0] ?? 'it'
      return (/^Question: (.*)$/m.exec(prompt)?.[1] ?? '').replace(/\bit\b/, owned)
    },
    stop: () => reranker.close(),
  }
}
