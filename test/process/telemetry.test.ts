import { expect, it } from 'vitest'
import { runScript } from './run-script.ts'

/** A process in which `@opentelemetry/api` cannot be found, and which says when something looks for it. */
const refuseApi = `
  import { register } from 'node:module'
  register('data:text/javascript,' + encodeURIComponent(\`
    import { writeSync } from 'node:fs'
    export async function resolve(specifier, context, next) {
      if (!specifier.startsWith('@opentelemetry')) return next(specifier, context)
      writeSync(1, 'looked for\\\\n')
      throw new Error('not installed')
    }
  \`))
`
const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(refuseApi)}`]
const rerank = (telemetry: string): string => `
  const { createReranker } = await import('@secondpass/core')
  const scorer = { id: 'length', scope: 'pair', score: async (_, texts) => texts.map((text) => text.length) }
  const reranker = createReranker({ scorer, ${telemetry} })
  try {
    const { results } = await reranker.rerank('q', ['a', 'bb'])
    console.log(results.map(({ index }) => index).join())
  } catch ({ code, message }) {
    console.log(code, message)
  }
`

it('an application that does not trace has nothing looked for or loaded', async () => {
  expect(await runScript(rerank(''), { nodeArgs })).toMatchObject({ exitCode: 0, stdout: '1,0\n', stderr: '' })
})

it('an application that traces, but whose API cannot be found from here, is served all the same', async () => {
  const registered = `globalThis[Symbol.for('opentelemetry.js.api.1')] = { version: '1.9.0' };${rerank('')}`
  const ended = await runScript(registered, { nodeArgs })
  expect(ended).toMatchObject({ exitCode: 0, stdout: 'looked for\n1,0\n', stderr: '' })
})

it('telemetry: true says what to install', async () => {
  const { stdout } = await runScript(rerank('telemetry: true'), { nodeArgs })
  expect(stdout).toBe(
    'looked for\nruntime telemetry is true, but @opentelemetry/api cannot be loaded: run `npm install @opentelemetry/api`, or leave telemetry out.\n',
  )
})

it('an installed API without an SDK changes nothing', async () => {
  expect(await runScript(rerank('telemetry: true'))).toMatchObject({ exitCode: 0, stdout: '1,0\n', stderr: '' })
})
