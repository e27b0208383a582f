import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fetchModel } from '../../../../packages/core/src/score/cross-encoder/model-source.ts'
import { LoopbackHub } from '../../../fixtures/hub/loopback-hub.ts'
import { modelFiles } from '../../../fixtures/hub/model-files.ts'
import { scratchFolder } from '../../../fixtures/hub/scratch.ts'

const repo = 'invented/tiny'
const folder = 'models--invented--tiny'

let hub: LoopbackHub
let cacheFolder: string
beforeEach(async () => {
  hub = await LoopbackHub.start()
  cacheFolder = scratchFolder()
})
afterEach(async () => {
  await hub.close()
  rmSync(cacheFolder, { recursive: true })
})

const reach = (): { endpoint: string; cacheFolder: string } => ({ endpoint: hub.endpoint, cacheFolder })
const blobs = (): string[] => readdirSync(join(cacheFolder, folder, 'blobs'))

describe('a model of the hub', () => {
  it('lands in the layout that Python shares: blobs by their sums, snapshots by commit, refs by name', async () => {
    const commit = hub.commit(repo, modelFiles())
    const { path, graphPath, id, commit: told } = await fetchModel(repo, { hub: reach() })
    expect(told).toBe(commit)
    expect(path).toBe(join(cacheFolder, folder, 'snapshots', commit))
    expect(id).toBe(`${repo}@${commit.slice(0, 12)}/onnx/model.onnx`)
    expect(readFileSync(join(cacheFolder, folder, 'refs/main'), 'utf8')).toBe(commit)
    const target = readlinkSync(graphPath)
    expect(target).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/)
    expect(createHash('sha256').update(readFileSync(graphPath)).digest('hex')).toBe(target.slice(-64))
    expect(readlinkSync(join(path, 'config.json'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/)
  })

  it('is asked for once: a second time only the commit and the listing are read', async () => {
    hub.commit(repo, modelFiles())
    await fetchModel(repo, { hub: reach() })
    const before = hub.seen.length
    await fetchModel(repo, { hub: reach() })
    expect(
      hub
        .paths()
        .slice(before)
        .filter((path) => path.includes('/resolve/')),
    ).toEqual([])
  })

  it('leaves out what scoring does not read', async () => {
    hub.commit(repo, {
      ...modelFiles(),
      'README.md': 'invented',
      'model.safetensors': 'invented',
      'onnx/model_fp16.onnx': 'x',
    })
    const { path } = await fetchModel(repo, { hub: reach() })
    expect(readdirSync(path).toSorted()).toEqual(['config.json', 'onnx', 'tokenizer.json', 'tokenizer_config.json'])
    expect(readdirSync(join(path, 'onnx'))).toEqual(['model.onnx'])
  })

  it('comes with the modules that it names, and with no other folder', async () => {
    const entry = (path: string): object => ({
      name: path,
      path,
      type: 'sentence_transformers.base.modules.dense.Dense',
    })
    const listed = [entry(''), entry('1_Pooling'), entry('2_Dense'), entry('../3_Dense'), entry('.git')]
    hub.commit(repo, {
      ...modelFiles(),
      'modules.json': JSON.stringify(listed),
      '1_Pooling/config.json': '{}',
      '2_Dense/config.json': '{}',
      '2_Dense/model.safetensors': [Buffer.from('weights'), 'lfs'],
      '2_Dense/pytorch_model.bin': 'x',
      '4_Other/config.json': '{}',
    })
    const { path } = await fetchModel(repo, { hub: reach() })
    const all = readdirSync(path, { recursive: true })
      .map(String)
      .filter((name) => name.includes('_'))
    expect(all.toSorted()).toEqual([
      '1_Pooling',
      '1_Pooling/config.json',
      '2_Dense',
      '2_Dense/config.json',
      '2_Dense/model.safetensors',
      'tokenizer_config.json',
    ])
    rmSync(join(path, '2_Dense/model.safetensors'))
    await fetchModel(repo, { hub: reach() })
    expect(readFileSync(join(path, '2_Dense/model.safetensors'), 'utf8')).toBe('weights')
  })

  it('is found in listings of many pages', async () => {
    hub.pageSize = 1
    hub.commit(repo, modelFiles())
    await expect(fetchModel(repo, { hub: reach() })).resolves.toMatchObject({ path: expect.any(String) })
  })

  it('brings the weights that its graph names beside it', async () => {
    const weights = Buffer.alloc(5000, 'weights')
    const graph = Buffer.from('\x0a\x08location\x12\x0fmodel.onnx_data', 'latin1')
    hub.commit(repo, { ...modelFiles(), 'onnx/model.onnx': [graph, 'lfs'], 'onnx/model.onnx_data': [weights, 'xet'] })
    const { path } = await fetchModel(repo, { hub: reach() })
    expect(readFileSync(join(path, 'onnx/model.onnx_data')).equals(weights)).toBe(true)
  })

  it.each(['lfs', 'xet', 'git'] as const)('comes whole when its graph is stored in %s', async (storage) => {
    const graph = Buffer.alloc(300_000, 'graph')
    hub.commit(repo, { ...modelFiles(), 'onnx/model.onnx': [graph, storage] })
    const { graphPath } = await fetchModel(repo, { hub: reach() })
    expect(readFileSync(graphPath).equals(graph)).toBe(true)
    expect(hub.paths('store')).toHaveLength(storage === 'git' ? 0 : 1)
  })

  it('moves on with its branch when it is fetched again, and keeps the older commit', async () => {
    const first = await fetchModelAt(hub.commit(repo, modelFiles()))
    const second = await fetchModelAt(
      hub.commit(repo, { ...modelFiles(), 'onnx/model.onnx': [Buffer.from('newer'), 'lfs'] }),
    )
    expect(second.id).not.toBe(first.id)
    expect(readFileSync(first.graphPath).length).toBeGreaterThan(0)
    async function fetchModelAt(commit: string): Promise<Awaited<ReturnType<typeof fetchModel>>> {
      const fetched = await fetchModel(repo, { hub: reach() })
      expect(fetched.commit).toBe(commit)
      return fetched
    }
  })

  it('of a pinned commit is read without asking what that means', async () => {
    const commit = hub.commit(repo, modelFiles())
    hub.commit(repo, { ...modelFiles(), 'onnx/model.onnx': [Buffer.from('newer'), 'lfs'] })
    const fetched = await fetchModel(repo, { revision: commit, hub: reach() })
    expect(fetched.commit).toBe(commit)
    expect(hub.paths().some((path) => path.includes('/revision/'))).toBe(false)
    expect(existsSync(join(cacheFolder, folder, 'refs'))).toBe(false)
  })

  it('tells its progress, up to the last byte of all files', async () => {
    hub.commit(repo, modelFiles())
    const told: { bytes: number; total: number; file: string }[] = []
    await fetchModel(repo, { hub: reach(), onProgress: (progress) => void told.push(progress) })
    expect(told.at(-1)?.bytes).toBe(told.at(-1)?.total)
    expect(new Set(told.map(({ file }) => file))).toContain('onnx/model.onnx')
    expect(told.map(({ bytes }) => bytes)).toEqual(told.map(({ bytes }) => bytes).toSorted((a, b) => a - b))
  })

  it('is not lost to a progress function that throws', async () => {
    hub.commit(repo, modelFiles())
    const onProgress = (): void => {
      throw new Error('no bar')
    }
    await expect(fetchModel(repo, { hub: reach(), onProgress })).resolves.toBeDefined()
  })

  it('leaves nothing unfinished behind', async () => {
    hub.commit(repo, modelFiles())
    await fetchModel(repo, { hub: reach() })
    expect(blobs().filter((name) => !/^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(name))).toEqual([])
    expect(readdirSync(join(cacheFolder, '.locks', folder))).toEqual([])
  })

  it('stops when its signal aborts, and goes on from there later', async () => {
    const graph = Buffer.alloc(1_000_000, 'graph')
    hub.commit(repo, { ...modelFiles(), 'onnx/model.onnx': [graph, 'lfs'] })
    hub.fault = ({ host }) => (host === 'store' ? { holdAfter: 400_000 } : undefined)
    const controller = new AbortController()
    const onProgress = ({ fileBytes }: { fileBytes: number }): void => {
      if (fileBytes === 400_000) controller.abort(new Error('enough'))
    }
    await expect(fetchModel(repo, { hub: reach(), signal: controller.signal, onProgress })).rejects.toThrow('enough')
    hub.fault = () => undefined
    const { graphPath } = await fetchModel(repo, { hub: reach() })
    expect(hub.seen.filter(({ host }) => host === 'store').at(-1)?.range).toBe('bytes=400000-999999')
    expect(readFileSync(graphPath).equals(graph)).toBe(true)
  })

  it('is shown by copies where links are refused', async () => {
    const { showBlob } = await import('../../../../packages/core/src/score/hub/disk.ts')
    const blob = join(cacheFolder, 'blob')
    const pointer = join(cacheFolder, 'snapshots/0/file')
    writeFileSync(blob, 'contents')
    const refuse = (): Promise<void> => Promise.reject(Object.assign(new Error('no'), { code: 'EPERM' }))
    const { copyFile } = await import('node:fs/promises')
    await showBlob(blob, pointer, { symlink: refuse, link: refuse, copyFile })
    expect(lstatSync(pointer).isFile()).toBe(true)
    expect(readFileSync(pointer, 'utf8')).toBe('contents')
  })
})
