// @ts-check
import { createReranker } from '@secondpass/core'

/**
 * A stand-in for a language model that ranks passages: it reads the query and the passages out of the prompt, orders them
 * with the bundled model, and answers in the form it was asked for.
 *
 * @returns {{ generate: import('@secondpass/core').Generate, stop(): Promise<void> }}
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
    stop: () => reranker.close(),
  }
}
