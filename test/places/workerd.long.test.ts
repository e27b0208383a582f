import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { plainEnvironment } from '../package/commands.ts'
import { packAll } from '../package/packed.ts'
import { makePlace, type Place } from './support.ts'

/*
 * workerd, which runs Cloudflare Workers: the front door as it is published loads there and reranks by what needs no
 * model of ours. Half a minute.
 */
const packed = packAll()
let place: Place
let server: ChildProcess | undefined

const worker = `
  import { bm25, cohere, createReranker } from '@secondpass/core'
  const passages = ['Bananas are rich in potassium.', 'To reset your password, press Reset password.']
  const results = [{ index: 1, relevance_score: 0.9 }, { index: 0, relevance_score: 0.1 }]
  const hosted = cohere({ model: 'rerank-v3.5', apiKey: 'key', fetch: async () => Response.json({ id: 'id', results }) })
  const order = async (scorer) => {
    const ranking = await createReranker({ scorer, onError: 'throw' }).rerank('reset password', passages)
    return ranking.results.map(({ index }) => index)
  }
  const code = () => {
    try {
      createReranker()
    } catch (error) {
      return error.code
    }
  }
  export default {
    fetch: async () => Response.json({ bm25: await order(bm25()), hosted: await order(hosted), bundled: code() }),
  }
`
const config = `
  using Workerd = import "/workerd/workerd.capnp";
  const config :Workerd.Config = (
    services = [(name = "main", worker = (
      modules = [(name = "worker.mjs", esModule = embed "built.mjs")], compatibilityDate = "2026-01-01"
    ))],
    sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
  );
`

beforeAll(async () => {
  place = await makePlace(packed.packages, {
    dependencies: { esbuild: '0.28.2', workerd: '1.20261117.1' },
    manifest: { allowScripts: { esbuild: true, workerd: true } },
    files: { 'worker.mjs': worker, 'config.capnp': config },
  })
  const build = ['node_modules/.bin/esbuild', 'worker.mjs', '--bundle', '--format=esm', '--outfile=built.mjs']
  await place.mustRun([...build, '--conditions=workerd,worker'])
})
afterAll(async () => {
  if (server !== undefined && server.exitCode === null) {
    server.kill()
    await once(server, 'exit')
  }
  place.remove()
  packed.remove()
})

/** Starts workerd on a free port, which it says on the file descriptor that it is given. */
async function start(): Promise<number> {
  const file = join(place.folder, 'node_modules/.bin/workerd')
  server = spawn(file, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: place.folder,
    env: plainEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  })
  let told = ''
  for await (const text of server.stdio[3] as NodeJS.ReadableStream) {
    told += String(text)
    const port = /"port":\s*(\d+)/.exec(told)?.[1]
    if (port !== undefined) return Number(port)
  }
  throw new Error('workerd ended before it listened')
}

it('reranks by words and by a hosted scorer, and says of the bundled model that it is not for here', async () => {
  const port = await start()
  const found: unknown = await (await fetch(`http://127.0.0.1:${port}/`)).json()
  expect(found).toEqual({ bm25: [1, 0], hosted: [1, 0], bundled: 'runtime' })
})
