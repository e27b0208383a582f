/** Programs of a stranger's project. Each prints one line of JSON. */

const passages = `[
  'The museum opens at nine and closes at five, except on Mondays.',
  'To reset your password, open Settings, choose Security and press Reset password.',
  'Bananas are rich in potassium.',
]`

/** The same question and passages, as a batch for the command line. */
export const batch = `${JSON.stringify({
  query: 'how do I reset my password?',
  candidates: [
    'The museum opens at nine and closes at five, except on Mondays.',
    'To reset your password, open Settings, choose Security and press Reset password.',
  ],
})}\n`

const body = `
  const reranker = createReranker()
  const { results } = await reranker.rerank('how do I reset my password?', ${passages})
  await reranker.close()
  console.log(JSON.stringify(results.map(({ index }) => index)))
`

/** An ES module that reranks with the bundled model. */
export const esModule = `
  import { createReranker } from '@secondpass/core'
  ${body}
`

/** CommonJS: every package by require(), then the same. */
export const commonJs = `
  const { createReranker } = require('@secondpass/core')
  require('@secondpass/langchain')
  require('@secondpass/llamaindex')
  void (async () => {
    ${body}
  })()
`

/** An ES module that reranks in worker threads, and leaves without closing. */
export const withWorkers = `
  import { createReranker, crossEncoder } from '@secondpass/core'
  const reranker = createReranker({ scorer: crossEncoder({ workers: 2 }) })
  const { results } = await reranker.rerank('how do I reset my password?', ${passages})
  console.log(JSON.stringify(results.map(({ index }) => index)))
`

/** An ES module that prints what each package exports. */
export const exportedNames = `
  const packages = ['@secondpass/core', '@secondpass/langchain', '@secondpass/llamaindex', '@secondpass/cli']
  const modules = await Promise.all(packages.map((name) => import(name)))
  console.log(JSON.stringify(modules.map((module) => Object.keys(module).sort())))
`

/** An ES module that loads the runtime and a model without this library: what the telemetry test holds itself against. */
export const runtimeAlone = `
  import { createRequire } from 'node:module'
  const ort = await import('onnxruntime-node')
  const session = await ort.InferenceSession.create(createRequire(import.meta.url).resolve('@secondpass/model-en-mini/model.onnx'))
  await session.release()
  console.log(JSON.stringify('loaded'))
`

/** TypeScript that uses the types as a careful project would. */
export const typed = `
  import { createReranker, RerankError, type Candidate, type Ranking, type Scorer } from '@secondpass/core'
  import { RerankCompressor } from '@secondpass/langchain'
  import { RerankPostprocessor } from '@secondpass/llamaindex'

  interface Passage extends Candidate { readonly page: number }
  const constant: Scorer<'pair'> = { id: 'constant', scope: 'pair', score: async (_query, texts) => texts.map(() => 0) }

  export async function pages(passages: Passage[]): Promise<number[]> {
    const ranking: Ranking<Passage> = await createReranker({ scorer: constant }).rerank('where?', passages, { topN: 3 })
    return ranking.results.map((result) => result.candidate.page)
  }
  export const known = (error: unknown): string | undefined => (RerankError.is(error) ? error.code : undefined)
  export const adapters = [RerankCompressor, RerankPostprocessor]
`
