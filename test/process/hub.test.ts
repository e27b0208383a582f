import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LoopbackHub } from '../fixtures/hub/loopback-hub.ts'
import { modelFiles } from '../fixtures/hub/model-files.ts'
import { scratchFolder } from '../fixtures/hub/scratch.ts'

/** Real processes that download from the loopback hub: what one process alone cannot show. */
const repo = 'invented/tiny'
const blobs = 'models--invented--tiny/blobs'
const graph = Buffer.alloc(8_000_000, 'graph')
const root = join(import.meta.dirname, '../..')

let hub: LoopbackHub
let home: string
beforeEach(async () => {
  hub = await LoopbackHub.start()
  hub.commit(repo, { ...modelFiles(), 'onnx/model.onnx': [graph, 'xet'] })
  home = scratchFolder()
})
afterEach(async () => {
  await hub.close()
  rmSync(home, { recursive: true })
})

interface Child {
  kill(): Promise<void>
  /** What it printed, once it has ended. */
  ended(): Promise<{ exitCode: number | null; stdout: string; stderr: string }>
}

function run(code: string, env: Record<string, string> = {}): Child {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: root,
    env: { ...process.env, HF_HOME: home, HF_ENDPOINT: hub.endpoint, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const closed = once(child, 'close') as Promise<[number | null]>
  return {
    kill: async () => void (child.kill('SIGKILL'), await closed),
    ended: async () => ({ exitCode: (await closed)[0], stdout, stderr }),
  }
}

const download = `
  import { fetchModel } from '@secondpass/core'
  try { console.log((await fetchModel('${repo}')).graphPath) }
  catch (error) { console.log(error.code, error.message); process.exitCode = 1 }`

const rangesOfGraph = (): (string | undefined)[] =>
  hub.seen.filter(({ host }) => host === 'store').map(({ range }) => range)

describe('a download in a process of its own', () => {
  it('that is killed half way is gone on with by the next, from the byte it had', async () => {
    hub.fault = ({ host }) => (host === 'store' ? { holdAfter: 4_000_000 } : undefined)
    const first = run(download)
    const folder = join(home, 'hub', blobs)
    const unfinished = (): string | undefined =>
      existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith('.incomplete')) : undefined
    await hub.held()
    await expect.poll(() => statSync(join(folder, unfinished() ?? '')).size, { timeout: 600_000 }).toBe(4_000_000)
    await first.kill()
    hub.fault = () => undefined
    const { exitCode, stdout } = await run(download).ended()
    expect(exitCode).toBe(0)
    expect(rangesOfGraph()).toEqual([undefined, 'bytes=4000000-7999999'])
    expect(readFileSync(stdout.trim()).equals(graph)).toBe(true)
    expect(unfinished()).toBeUndefined()
  })

  it('waits for another that is at the same file, which is then read from the hub once', async () => {
    hub.fault = ({ host }) => (host === 'store' ? { holdAfter: 1000 } : undefined)
    const first = run(download)
    await hub.held()
    const second = run(download)
    // The second has its listing, and so comes to the lock, before the first is let go on.
    const listings = (): number => hub.paths().filter((path) => path.includes('/tree/')).length
    await expect.poll(listings, { timeout: 600_000 }).toBe(2)
    hub.goOn()
    const ended = await Promise.all([first.ended(), second.ended()])
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    expect(ended[0]?.stdout).toBe(ended[1]?.stdout)
    expect(rangesOfGraph()).toHaveLength(1)
    expect(readFileSync(ended[0]?.stdout.trim() ?? '').equals(graph)).toBe(true)
  })

  it('makes no request when it is offline and the cache is full, whatever is asked of it', async () => {
    hub.commit(repo, modelFiles())
    expect((await run(download).ended()).exitCode).toBe(0)
    hub.seen.length = 0
    const code = `
      import { createServer, Socket } from 'node:net'
      Socket.prototype.connect = () => { throw new Error('a connection was opened') }
      import { createReranker, crossEncoder, doctor, fetchModel } from '@secondpass/core'
      await fetchModel('${repo}')
      const scorer = crossEncoder({ model: '${repo}' })
      const { results } = await createReranker({ scorer }).rerank('river', ['the mill', 'the river'])
      console.log(results.length, (await doctor({ model: '${repo}' })).trial.provider)`
    const { exitCode, stdout, stderr } = await run(code, { HF_HUB_OFFLINE: '1' }).ended()
    expect(stderr).toBe('')
    expect([exitCode, stdout.trim()]).toEqual([0, '2 cpu'])
    expect(hub.seen).toEqual([])
  })

  it('says what to install where the client of the hub is missing', async () => {
    const hook = `export async function resolve(name, context, next) {
      if (name === '@huggingface/hub') throw Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(name, context)
    }`
    const code = `
      import { register } from 'node:module'
      register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)})
      ${download.replace("import { fetchModel } from '@secondpass/core'", "const { fetchModel } = await import('@secondpass/core')")}`
    const { exitCode, stdout } = await run(code).ended()
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(
      /^runtime Downloading a model needs the package @huggingface\/hub: run "npm install @huggingface\/hub"/,
    )
    expect(hub.seen).toEqual([])
  })

  it('loads nothing for it when no model of the hub is named', async () => {
    const loads = async (model: string): Promise<string[]> => {
      const hook =
        'export async function load(url, context, next) { fs.writeSync(2, url + "\\n"); return next(url, context) }'
      const code = `
        import { register } from 'node:module'
        register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(`import fs from 'node:fs'; ${hook}`)}`)})
        const { createReranker, crossEncoder } = await import('@secondpass/core')
        await createReranker({ scorer: crossEncoder({ model: '${model}' }) }).rerank('river', ['the mill', 'the river'])`
      const { exitCode, stderr } = await run(code).ended()
      expect(exitCode).toBe(0)
      return stderr
        .split('\n')
        .filter((url) =>
          /\/(hub\/(fetch-model|download|client|connection|disk|http)|examine)\.js$|huggingface.hub|undici/.test(url),
        )
    }
    hub.commit(repo, modelFiles())
    expect(await loads('bundled')).toEqual([])
    expect(await loads(repo)).toEqual(expect.arrayContaining([expect.stringContaining('hub/client.js')]))
  })
})

const canMount = process.platform === 'linux' && process.getuid?.() === 0

describe.skipIf(!canMount)('on a disk that is full', () => {
  let disk: string
  beforeEach((context) => {
    disk = join(home, 'disk')
    mkdirSync(disk)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk], { stdio: 'ignore' })
    } catch {
      context.skip('this machine lets nobody mount')
    }
  })
  afterEach(() => execFileSync('umount', [disk]))

  it('says what does not fit before anything is read', async () => {
    const { exitCode, stdout } = await run(download, { HF_HOME: disk }).ended()
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(
      /^model-files invented\/tiny needs 9 MB, and .* has \d MB left: free some space, or set HF_HOME/,
    )
    expect(rangesOfGraph()).toEqual([])
  })

  it('that fills up on the way, gives the space back and says so', async () => {
    hub.commit(repo, { ...modelFiles(), 'onnx/model.onnx': [graph.subarray(0, 5_000_000), 'lfs'] })
    hub.fault = ({ host }) => (host === 'store' ? { holdAfter: 1_000_000 } : undefined)
    const child = run(download, { HF_HOME: disk })
    await hub.held()
    execFileSync('dd', ['if=/dev/zero', `of=${join(disk, 'other')}`, 'bs=1M', 'count=3'], { stdio: 'ignore' })
    hub.goOn()
    const { exitCode, stdout } = await child.ended()
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^model-files The disk is full: onnx\/model\.onnx of invented\/tiny \(5 MB\)/)
    const left = readdirSync(join(disk, 'hub', blobs))
    expect(left.filter((name) => name.includes('incomplete'))).toEqual([])
  })

  it('that may only be read serves what it has, and says where nothing can be put', async () => {
    const small = modelFiles()
    hub.commit(repo, small)
    expect((await run(download, { HF_HOME: disk }).ended()).exitCode).toBe(0)
    rmSync(join(disk, 'hub/models--invented--tiny/.no_exist'), { recursive: true })
    execFileSync('mount', ['-o', 'remount,ro', disk])
    const again = await run(download, { HF_HOME: disk }).ended()
    expect(again.stdout).toMatch(/model\.onnx$/m)
    expect(again).toMatchObject({ exitCode: 0, stderr: '' })
    hub.commit(repo, { ...small, 'onnx/model.onnx': [graph.subarray(0, 1000), 'lfs'] })
    const { stdout } = await run(download, { HF_HOME: disk }).ended()
    expect(stdout).toMatch(/^model-files invented\/tiny cannot be put into .*make it writable, or set HF_HOME/)
  })
})
