import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plainEnvironment } from '../package/commands.ts'
import { packAll } from '../package/packed.ts'
import { makePlace, type Place } from './support.ts'

/*
 * Next.js with an App Router route that reranks, built with either bundler and `output: 'standalone'`. One project, built
 * three times; what was built is moved to a folder of its own, started and asked there. About five minutes.
 */
const packed = packAll()
let place: Place

const route = `
  import { createReranker, crossEncoder } from '@secondpass/core'

  export const runtime = 'nodejs'
  export const dynamic = 'force-dynamic'

  export async function GET(request) {
    const workers = Number(new URL(request.url).searchParams.get('workers'))
    try {
      const reranker = createReranker({ scorer: crossEncoder({ workers }), onError: 'throw' })
      const { results } = await reranker.rerank('how do I reset my password?', [
        'The museum opens at nine and closes at five, except on Mondays.',
        'To reset your password, open Settings, choose Security and press Reset password.',
        'Bananas are rich in potassium.',
      ])
      await reranker.close()
      return Response.json(results.map(({ index }) => index))
    } catch ({ code, message }) {
      return Response.json({ code, message }, { status: 500 })
    }
  }
`
const settings = `
  export default {
    output: 'standalone',
    distDir: process.env.FOLDER,
    outputFileTracingRoot: import.meta.dirname,
    turbopack: { root: import.meta.dirname },
    serverExternalPackages: process.env.EXTERNAL ? ['@secondpass/core'] : [],
  }
`

beforeAll(async () => {
  place = await makePlace(packed.packages, {
    dependencies: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' },
    files: {
      'next.config.mjs': settings,
      'app/api/rerank/route.js': route,
      'app/layout.js': 'export default function Layout({ children }) { return <html><body>{children}</body></html> }',
      'app/page.js': 'export default function Page() { return <p>A page</p> }',
    },
  })
})
afterAll(() => {
  place.remove()
  packed.remove()
})

/** Builds, and gives a copy of what a deployment has of it, in a folder that knows nothing of the project. */
async function build(bundler: 'turbopack' | 'webpack', env: NodeJS.ProcessEnv): Promise<string> {
  const folder = `built-${bundler}`
  rmSync(join(place.folder, folder), { recursive: true, force: true })
  await place.mustRun(['node', 'node_modules/next/dist/bin/next', 'build', `--${bundler}`], {
    FOLDER: folder,
    NEXT_TELEMETRY_DISABLED: '1',
    ...env,
  })
  const deployed = mkdtempSync(join(tmpdir(), 'secondpass-next-'))
  cpSync(join(place.folder, folder, 'standalone'), deployed, { recursive: true, verbatimSymlinks: true })
  return deployed
}

/** Starts what was built and asks it, in a thread and with a worker. */
async function ask(deployed: string): Promise<unknown[]> {
  const port = await freePort()
  const env = { ...plainEnvironment(), PORT: String(port), HOSTNAME: '127.0.0.1' }
  const server = spawn(process.execPath, ['server.js'], { cwd: deployed, env, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await ready(server)
    const at = (workers: number): string => `http://127.0.0.1:${port}/api/rerank?workers=${workers}`
    const answers: unknown[] = []
    for (const workers of [0, 1]) answers.push(await (await fetch(at(workers))).json())
    return answers
  } finally {
    const ended = once(server, 'exit')
    server.kill()
    await ended
  }
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = ''
    server.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      if (printed.includes('Ready')) resolve()
    })
    server.once('exit', () => reject(new Error(`The server ended before it was ready: ${printed}`)))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

describe.each(['turbopack', 'webpack'] as const)('built with %s and one line of settings', (bundler) => {
  let deployed: string
  beforeAll(async () => {
    deployed = await build(bundler, { EXTERNAL: '1' })
  })
  afterAll(() => rmSync(deployed, { recursive: true, force: true }))

  it('has the model, the runtime and what the runtime loads', () => {
    const bin = join(deployed, 'node_modules/onnxruntime-node/bin')
    const binaries = readdirSync(bin, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.includes(join('linux', process.arch)),
    )
    expect(binaries).toEqual(
      expect.arrayContaining([expect.stringMatching(/binding\.node$/), expect.stringMatching(/libonnxruntime\.so/)]),
    )
    for (const file of ['model.onnx', 'tokenizer.json', 'SHA256SUMS']) {
      expect(existsSync(join(deployed, 'node_modules/@secondpass/model-en-mini', file)), file).toBe(true)
    }
  })

  it('reranks in a thread and in a worker', async () => {
    const order = [1, expect.any(Number), expect.any(Number)]
    expect(await ask(deployed)).toEqual([order, order])
  })
})

it('built without that line, it says which line is missing', async () => {
  const deployed = await build('turbopack', { EXTERNAL: '' })
  const answers = await ask(deployed)
  rmSync(deployed, { recursive: true, force: true })
  const sentence = {
    code: 'runtime',
    message: expect.stringContaining("serverExternalPackages: ['@secondpass/core'] in next.config"),
  }
  expect(answers).toEqual([sentence, sentence])
})
