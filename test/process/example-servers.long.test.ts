import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { templateFor } from '../../packages/cli/src/init/templates.ts'

const folder = join(import.meta.dirname, '../../examples')
const typed = 'typescript' in process.features && process.features.typescript ? [] : ['--import', 'tsx']
const servers = ['servers/fastify.ts', 'servers/hono.ts']

it('leaves no server unchecked', () => {
  expect(readdirSync(join(folder, 'servers')).map((file) => `servers/${file}`)).toEqual(servers)
})

describe.each(servers)('examples/%s', (name) => {
  let server: ChildProcess
  let url = ''
  const said: string[] = []
  beforeAll(async () => {
    const env = { ...process.env, PORT: '0', DEADLINE_MS: '1000000' }
    server = spawn(process.execPath, [...typed, name], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    server.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text))
    const lines = createInterface({ input: server.stdout as NonNullable<typeof server.stdout> })
    const [line] = (await Promise.race([
      once(lines, 'line'),
      once(server, 'exit').then(() => [`ended: ${said.join('')}`]),
    ])) as string[]
    url = /^listening at (http:\/\/127\.0\.0\.1:\d+)$/.exec(line ?? '')?.[1] ?? ''
    if (url === '') throw new Error(`${name} said: ${line}`)
  })
  afterAll(() => void server.kill('SIGKILL'))

  it('answers with the five passages that answer best', async () => {
    const answer = await fetch(`${url}/search?q=${encodeURIComponent('What happens if my credit card expires?')}`)
    expect(answer.status).toBe(200)
    const { reranked, results } = (await answer.json()) as { reranked: boolean; results: { title: string }[] }
    expect({ reranked, length: results.length }).toEqual({ reranked: true, length: 5 })
    expect(results[0]?.title).toBe('Billing: when a card is declined')
  })

  it('refuses what is no question', async () => {
    for (const wrong of ['', '?q=', '?q=%20', `?q=${'x'.repeat(1001)}`]) {
      expect((await fetch(`${url}/search${wrong}`)).status, wrong).toBe(400)
    }
  })

  it('goes on after a request that was given up', async () => {
    const gone = new AbortController()
    const asked = fetch(`${url}/search?q=cards`, { signal: gone.signal })
    gone.abort()
    await expect(asked).rejects.toThrow()
    expect((await fetch(`${url}/search?q=cards`)).status).toBe(200)
  })

  it('ends by itself when it is told to', async () => {
    const end = once(server, 'exit')
    server.kill('SIGTERM')
    expect(await end).toEqual([0, null])
    expect(said.join('')).toBe('')
  })
})

it('examples/nextjs has the route that `secondpass init` writes', () => {
  const { path, text, steps } = templateFor('nextjs', true)
  expect(readFileSync(join(folder, 'nextjs', `${path}.ts`), 'utf8')).toBe(text)
  expect(readFileSync(join(folder, 'nextjs/next.config.mjs'), 'utf8')).toContain(
    /serverExternalPackages: \['@secondpass\/core'\]/.exec(steps.join())?.[0],
  )
})
