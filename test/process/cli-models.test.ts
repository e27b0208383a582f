import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LoopbackHub } from '../fixtures/hub/loopback-hub.ts'
import { modelFiles } from '../fixtures/hub/model-files.ts'
import { bin, folderOf, quote, runCli, runCommand } from './run-cli.ts'

const repo = 'invented/tiny'
/** A file that the reader asks for and no other: large enough to be stopped in the middle. */
const graph = 'onnx/model.onnx'

let hub: LoopbackHub
let env: Record<string, string>
beforeEach(async () => {
  hub = await LoopbackHub.start()
  env = { HF_ENDPOINT: hub.endpoint, HF_HOME: folderOf({})('home'), HF_TOKEN: '', NO_COLOR: '1' }
})
afterEach(() => hub.close())

/** How much of files that are not complete lies in the cache. */
function unfinishedBytes(): number {
  const home = env['HF_HOME'] as string
  const files = existsSync(home) ? readdirSync(home, { recursive: true, encoding: 'utf8' }) : []
  const unfinished = files.filter((file) => file.endsWith('.incomplete'))
  return unfinished.reduce((sum, file) => sum + statSync(join(home, file)).size, 0)
}

describe('fetch-model', () => {
  it('prints where the model is, says nothing more, and lets later runs do without a network', async () => {
    const commit = hub.commit(repo, modelFiles())
    const fetched = await runCli(['fetch-model', repo, '--json'], { env })
    expect({ exitCode: fetched.exitCode, stderr: fetched.stderr }).toEqual({ exitCode: 0, stderr: '' })
    const { path, commit: told } = JSON.parse(fetched.stdout) as { path: string; commit: string }
    expect(told).toBe(commit)
    expect(existsSync(path)).toBe(true)
    const before = hub.seen.length
    const stdin = '"one"\n"two"\n'
    const offline = { ...env, HF_HUB_OFFLINE: '1' }
    const reranked = await runCli(['rerank', 'which one', '--model', repo], { env: offline, stdin })
    expect({ exitCode: reranked.exitCode, stderr: reranked.stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(reranked.stdout.trim().split('\n')).toHaveLength(2)
    expect(hub.seen).toHaveLength(before)
  })

  it('ends with 130 on Ctrl-C in the middle of a file, and goes on with that file', async () => {
    hub.commit(repo, modelFiles())
    hub.fault = ({ path, host }) => (host === 'store' || path.endsWith(graph) ? { holdAfter: 5000 } : undefined)
    const at = hub.held().then(() => vi.waitUntil(() => unfinishedBytes() > 0, 600_000))
    const stopped = await runCli(['fetch-model', repo], { env, kill: { at, signal: 'SIGINT' } })
    expect({ exitCode: stopped.exitCode, stdout: stopped.stdout }).toEqual({ exitCode: 130, stdout: '' })
    hub.fault = () => undefined
    hub.goOn()
    const again = await runCli(['fetch-model', repo], { env })
    expect({ exitCode: again.exitCode, stderr: again.stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(again.stdout).toMatch(/^invented\/tiny@[0-9a-f]{12}.*\n {2}commit /)
    expect(hub.seen.map(({ range }) => range)).toContainEqual(expect.stringMatching(/^bytes=[1-9]\d*-/))
  })

  it.each([
    ['no/such-model', /no\/such-model/],
    ['invented/no-graph', /no .*ONNX|no .*onnx/i],
  ])('of %s says in one line what to do', async (name, message) => {
    const { [graph]: _graph, ...files } = modelFiles()
    hub.commit('invented/no-graph', files)
    const { exitCode, stdout, stderr } = await runCli(['fetch-model', name], { env })
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^[^\n]+\n$/)
  })

  const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false
  it.skipIf(!hasScript)('shows a bar on a terminal', async () => {
    hub.commit(repo, modelFiles())
    const command = quote([process.execPath, bin, 'fetch-model', repo])
    const { exitCode, stdout } = await runCommand(['script', '-qec', command, '/dev/null'], { env })
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/downloading █.* 100 %/)
  })
})
