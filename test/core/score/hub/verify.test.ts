import { cpSync, lstatSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crossEncoder } from '../../../../packages/core/src/score/cross-encoder/cross-encoder.ts'
import { type FetchedModel, fetchModel } from '../../../../packages/core/src/score/cross-encoder/model-source.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { LoopbackHub } from '../../../fixtures/hub/loopback-hub.ts'
import { modelFiles } from '../../../fixtures/hub/model-files.ts'
import { scratchFolder } from '../../../fixtures/hub/scratch.ts'

const repo = 'invented/tiny'
const files = ['onnx/model.onnx', 'tokenizer.json', 'config.json', 'tokenizer_config.json']

let hub: LoopbackHub
let cacheFolder: string
beforeEach(async () => {
  hub = await LoopbackHub.start()
  hub.commit(repo, modelFiles())
  cacheFolder = scratchFolder()
})
afterEach(async () => {
  await hub.close()
  rmSync(cacheFolder, { recursive: true })
})

const reach = (offline = false) => ({ endpoint: hub.endpoint, cacheFolder, offline })
const fetched = (verify: boolean, offline = false): Promise<FetchedModel> =>
  fetchModel(repo, { verify, hub: reach(offline) })

/** Changes one byte of a file, where it lies. JSON stays JSON. */
function damage(file: string): void {
  const real = realpathSync(file)
  if (file.endsWith('.json')) {
    return writeFileSync(
      real,
      readFileSync(real, 'utf8').replace(/\d/, (digit) => String((Number(digit) + 1) % 10)),
    )
  }
  const bytes = readFileSync(real)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
  writeFileSync(real, bytes)
}

async function scored(model: string): Promise<readonly number[]> {
  await using scorer = crossEncoder({ model, hub: reach(true) })
  return await scorer.score('where is the key', ['The key is in the drawer.'], callOf())
}

/** The cache as it is where links are not allowed: Windows, some network disks. */
function copyInsteadOfLinks({ path }: FetchedModel): void {
  for (const file of files) {
    const pointer = join(path, file)
    const real = realpathSync(pointer)
    rmSync(pointer)
    cpSync(real, pointer)
  }
}

describe('a model of the hub that is damaged in the cache', () => {
  it.each(files)('is refused when it is loaded, not scored with under the same id: %s', async (file) => {
    const found = await fetched(false)
    await scored(repo)
    damage(join(found.path, file))
    const error = await scored(repo).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ name: 'RerankError', code: 'model-files' })
    expect((error as Error).message).toMatch(/run "secondpass fetch-model invented\/tiny --verify"/)
    // Also under the path of its folder.
    await expect(scored(found.path)).rejects.toThrow('--verify')
  })

  it.each(files)('is found without links as well: %s', async (file) => {
    const found = await fetched(false)
    copyInsteadOfLinks(found)
    await scored(repo)
    damage(join(found.path, file))
    await expect(scored(repo)).rejects.toThrow('--verify')
  })

  it.each(files)('is brought again with verify, and nothing else is: %s', async (file) => {
    const found = await fetched(false)
    const before = await scored(repo)
    damage(join(found.path, file))
    hub.seen.length = 0
    expect(await fetched(true)).toEqual(found)
    expect(await scored(repo)).toEqual(before)
    const asked = hub.paths().filter((path) => path.includes('/resolve/'))
    expect(asked).toEqual([expect.stringContaining(file)])
  })

  it('is repaired without links as well, whichever of the two copies is damaged', async () => {
    const found = await fetched(false)
    const before = await scored(repo)
    copyInsteadOfLinks(found)
    damage(join(found.path, 'onnx/model.onnx'))
    await fetched(true)
    expect(await scored(repo)).toEqual(before)
    expect(lstatSync(join(found.path, 'onnx/model.onnx')).isSymbolicLink()).toBe(true)
  })

  it('is left as it is when verify finds nothing', async () => {
    const found = await fetched(false)
    hub.seen.length = 0
    expect(await fetched(true)).toEqual(found)
    expect(hub.paths().filter((path) => path.includes('/resolve/'))).toEqual([])
    expect(readdirSync(join(cacheFolder, 'models--invented--tiny', 'blobs'))).toHaveLength(files.length)
  })

  it('is an error of verify when there is no network to repair it by', async () => {
    const found = await fetched(false)
    await expect(fetched(true, true)).resolves.toEqual(found)
    damage(found.graphPath)
    await expect(fetched(true, true)).rejects.toThrow('does not have the sum')
  })

  it('that Python moved into place on a disk without links has no sums to be held to', async () => {
    const found = await fetched(false)
    copyInsteadOfLinks(found)
    rmSync(join(cacheFolder, 'models--invented--tiny', 'blobs'), { recursive: true })
    await expect(scored(repo)).resolves.toHaveLength(1)
  })
})
