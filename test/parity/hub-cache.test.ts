import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crossEncoder } from '../../packages/core/src/score/cross-encoder/cross-encoder.ts'
import { fetchModel } from '../../packages/core/src/score/cross-encoder/model-source.ts'
import { LoopbackHub } from '../fixtures/hub/loopback-hub.ts'
import { scratchFolder } from '../fixtures/hub/scratch.ts'

/**
 * The cache that Python's huggingface_hub makes and ours are one. The layout it makes of the invented files below was
 * written down by it (`hub-cache.json`); with `SECONDPASS_PYTHON` naming a Python that has huggingface_hub, it is asked
 * again, and made to read what we wrote.
 */
const python = process.env['SECONDPASS_PYTHON'] ?? ''
const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'hub-cache.json'), 'utf8')) as Record<string, string>

const repo = 'invented/golden'
const files = {
  'config.json': '{"model_type": "bert"}\n',
  'tokenizer.json': '{"invented": true}\n',
  'onnx/model.onnx': [Buffer.from('no graph, and long enough to be one'), 'lfs'],
} as const

let hub: LoopbackHub
let home: string
beforeEach(async () => {
  hub = await LoopbackHub.start()
  hub.commit(repo, files)
  home = scratchFolder()
})
afterEach(async () => {
  await hub.close()
  rmSync(home, { recursive: true })
})

const reach = (): { endpoint: string; cacheFolder: string } => ({
  endpoint: hub.endpoint,
  cacheFolder: join(home, 'hub'),
})

/** Every file and link of the model, with its sum or its target; what is of no use to the other side is left out. */
function layout(): Record<string, string> {
  const folder = join(home, 'hub')
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
  const described = paths.flatMap((path): [string, string][] => {
    const info = lstatSync(join(folder, path))
    if (info.isDirectory() || !path.startsWith('models--') || /\.no_exist|\/trees?\//.test(path)) return []
    if (info.isSymbolicLink()) return [[path, `-> ${readlinkSync(join(folder, path))}`]]
    return [
      [
        path,
        createHash('sha256')
          .update(readFileSync(join(folder, path)))
          .digest('hex'),
      ],
    ]
  })
  return Object.fromEntries(described)
}

async function ask(mode: 'fill' | 'read', env: Record<string, string> = {}): Promise<string> {
  const args = [join(import.meta.dirname, 'generate/hub_cache.py'), mode, repo, ...Object.keys(files)]
  const own = {
    HF_ENDPOINT: hub.endpoint,
    HF_HOME: home,
    HF_HUB_DISABLE_TELEMETRY: '1',
    HF_HUB_DISABLE_PROGRESS_BARS: '1',
  }
  const { stdout } = await promisify(execFile)(python, args, { env: { ...process.env, ...own, ...env } })
  return stdout
}

describe('the cache', () => {
  it('is laid out as huggingface_hub lays it out', async () => {
    await fetchModel(repo, { hub: reach() })
    expect(layout()).toEqual(golden)
  })
})

describe.skipIf(python === '')('huggingface_hub itself', () => {
  it('still lays it out like that', async () => {
    await ask('fill')
    await expect(`${JSON.stringify(layout(), null, 2)}\n`).toMatchFileSnapshot('hub-cache.json')
  })

  it('reads what we wrote, without a network', async () => {
    await fetchModel(repo, { hub: reach() })
    const { sums, repos, warnings } = JSON.parse(await ask('read', { HF_HUB_OFFLINE: '1' }))
    const sum = (content: string | readonly [Uint8Array, string]): string =>
      createHash('sha256')
        .update(typeof content === 'string' ? content : content[0])
        .digest('hex')
    expect(sums).toEqual(Object.fromEntries(Object.entries(files).map(([path, content]) => [path, sum(content)])))
    expect([repos, warnings]).toEqual([[repo], []])
  })

  it('wrote what we read, without a network', async () => {
    await ask('fill')
    hub.seen.length = 0
    const scorer = crossEncoder({ model: repo, hub: { ...reach(), offline: true } })
    expect(scorer.id).toMatch(/^invented\/golden@[0-9a-f]{12}\/onnx\/model\.onnx$/)
    await fetchModel(repo, { hub: { ...reach(), offline: true } })
    expect(hub.seen).toEqual([])
  })

  it('downloads nothing again that we have, and the other way round', async () => {
    await fetchModel(repo, { hub: reach() })
    hub.seen.length = 0
    await ask('fill')
    await fetchModel(repo, { hub: reach() })
    expect(hub.seen.filter(({ method, path }) => method === 'GET' && path.includes('/resolve/'))).toEqual([])
  })
})
