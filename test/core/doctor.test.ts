import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { doctor } from '../../packages/core/src/doctor/doctor.ts'
import { cacheReport } from '../../packages/core/src/doctor/machine.ts'
import { environmentReport } from '../../packages/core/src/doctor/machine.ts'
import { usableCores } from '../../packages/core/src/score/cross-encoder/session/container.ts'
import { fromLinux } from '../../packages/core/src/score/cross-encoder/tuning/machine.ts'
import { scratchFolder } from '../fixtures/hub/scratch.ts'

const tiny = join(import.meta.dirname, '../fixtures/tiny-bert')

describe('doctor', () => {
  it('finds machine, runtime, model, and times one pair, as plain data', async () => {
    const report = await doctor({ model: tiny })
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({
      machine: { node: process.version, platform: process.platform, arch: process.arch, cores: expect.any(Number) },
      runtime: {
        version: expect.stringMatching(/^\d+\.\d+/),
        backends: expect.arrayContaining(['cpu']),
        telemetry: 'off',
      },
      tokenizers: expect.stringMatching(/^\d/),
      model: {
        isIntact: true,
        id: expect.stringMatching(/^model-en-mini@/),
        defaults: {
          blend: { weight: { lexical: 0.8, fused: 0.35, other: 0.25 } },
          scripts: ['Latin'],
          languages: ['en'],
        },
      },
      trial: {
        defaults: null,
        provider: 'cpu',
        refused: [],
        tokenizer: 'wordpiece',
        logit: expect.any(Number),
        pairMs: expect.any(Number),
      },
      problems: [],
    })
  })

  it('goes on when a part is broken, and says which', async () => {
    const report = await doctor({ model: './no/such/folder', hub: { cacheFolder: '/dev/null/x' } })
    expect(report.trial).toMatchObject({ error: expect.stringContaining('no such folder') })
    expect(report.model).toMatchObject({ isIntact: true })
    expect(report.problems).toEqual([expect.stringMatching(/^trial: /)])
  })

  it('names the small model among the optional packages, and tries it out when asked to', async () => {
    const report = await doctor({ model: 'bundled-tiny' })
    expect(report.peers).toHaveProperty(['@secondpass/model-en-tiny'], expect.stringMatching(/^\d+\.\d+\.\d+/))
    expect(report.model).toMatchObject({ id: expect.stringMatching(/^model-en-mini@/) })
    expect(report.trial).toMatchObject({ scorerId: expect.stringMatching(/^model-en-tiny@/) })
  })

  it('downloads nothing', async () => {
    const cacheFolder = scratchFolder()
    const fetch = (): Promise<Response> => Promise.reject(new Error('a request was made'))
    const { trial, problems } = await doctor({ model: 'invented/model', hub: { cacheFolder, fetch } })
    expect(trial).toMatchObject({ error: expect.stringContaining('not complete in') })
    expect(problems.join()).not.toContain('a request was made')
    rmSync(cacheFolder, { recursive: true })
  })

  it('says what was measured before, measures when asked to, and keeps that', async () => {
    const home = scratchFolder()
    vi.stubEnv('HF_HOME', home)
    const model = join(import.meta.dirname, '../fixtures/tiny-bert-stock')
    const nothing = { file: null, threads: { steps: [], chosen: 1 }, workers: { steps: [], chosen: 1 }, dtypes: [] }
    expect((await doctor({ model })).measured).toMatchObject(nothing)
    expect(readdirSync(home)).toEqual([])
    const { measured, problems } = await doctor({ model, measure: true })
    expect(problems).toEqual([])
    expect(measured).toMatchObject({
      file: expect.stringContaining(home),
      limits: { cores: usableCores(), graphBytes: expect.any(Number) },
      dtypes: [
        { dtype: 'fp32', pairMs: expect.any(Number) },
        { dtype: 'int8', pairMs: expect.any(Number) },
      ],
    })
    if (usableCores() > 1) expect(measured).toMatchObject({ threads: { steps: [{ count: 1 }, { count: 2 }] } })
    expect((await doctor({ model })).measured).toEqual(measured)
    // Another model is another measurement.
    expect((await doctor({ model: tiny })).measured).toMatchObject(nothing)
    rmSync(home, { recursive: true })
    vi.unstubAllEnvs()
  })

  it('says what it measured where that cannot be kept', async () => {
    const home = scratchFolder()
    vi.stubEnv('HF_HOME', home)
    // A file where the folder should be: nobody can write there, root neither.
    writeFileSync(join(home, 'secondpass'), '')
    const model = join(import.meta.dirname, '../fixtures/tiny-bert-stock')
    const { measured } = await doctor({ model, measure: true })
    expect(measured).toMatchObject({ file: null, dtypes: [{ dtype: 'fp32' }, { dtype: 'int8' }] })
    rmSync(home, { recursive: true })
    vi.unstubAllEnvs()
  })

  it('refuses options that do not exist', async () => {
    await expect(doctor({ modle: 'x' } as never)).rejects.toThrow('options.modle')
    await expect(doctor({ measure: 'yes' } as never)).rejects.toThrow('options.measure is "yes": pass true or false')
  })
})

describe('what it says of the environment', () => {
  it('holds no secret', () => {
    const secrets = {
      HF_TOKEN: 'hf_secret',
      HF_HUB_TOKEN: 'hf_secret',
      HUGGING_FACE_HUB_TOKEN: 'hf_secret',
      COHERE_API_KEY: 'hf_secret',
      HTTPS_PROXY: 'http://user:hf_secret@proxy.example:8080/',
      HF_ENDPOINT: 'https://user:hf_secret@hub.example/',
      NODE_OPTIONS: '--tls-cipher-list=hf_secret --max-old-space-size=100',
    }
    const report = environmentReport(secrets)
    expect(JSON.stringify(report)).not.toContain('hf_secret')
    expect(report).toMatchObject({
      'token for the hub': 'set (HF_TOKEN)',
      HTTPS_PROXY: 'http://proxy.example:8080',
      HF_ENDPOINT: 'https://hub.example',
    })
  })

  it('shows what decides where files are', () => {
    const env = { HF_HOME: '/h', HF_HUB_OFFLINE: '1', PATH: '/bin', ORT_DISABLE_TELEMETRY: '1' }
    expect(environmentReport(env)).toMatchObject({ HF_HOME: '/h', HF_HUB_OFFLINE: '1', ORT_DISABLE_TELEMETRY: '1' })
    expect(environmentReport(env)).not.toHaveProperty('PATH')
  })
})

describe('what it says of the cache', () => {
  it('counts each file once, however often it is linked, and what is unfinished', () => {
    const folder = scratchFolder()
    const model = join(folder, 'models--org--name')
    const snapshot = join(model, 'snapshots', 'a'.repeat(40))
    for (const path of [join(model, 'blobs'), snapshot]) mkdirSync(path, { recursive: true })
    writeFileSync(join(model, 'blobs/one'), 'x'.repeat(1000))
    writeFileSync(join(model, 'blobs/two.secondpass-0.incomplete'), 'x'.repeat(10))
    symlinkSync('../../blobs/one', join(snapshot, 'model.onnx'))
    expect(cacheReport(folder)).toEqual({
      folder,
      models: [{ model: 'org/name', commits: ['a'.repeat(40)], bytes: 1010, unfinishedBytes: 10 }],
      bytes: 1010,
    })
    rmSync(folder, { recursive: true })
  })

  it('is empty where there is no cache', () => {
    expect(cacheReport('/no/such/cache')).toEqual({ folder: '/no/such/cache', models: [], bytes: 0 })
  })
})

describe('what it says of the processor', () => {
  it.each([
    [
      'processor\t: 0\nflags\t\t: fpu sse2 avx2 fma avx512f avx512_vnni amx_int8\n',
      ['fma', 'avx2', 'avx512f', 'avx512_vnni', 'amx_int8'],
    ],
    ['processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\n', ['asimd', 'asimddp', 'i8mm']],
    ['nothing of the kind', undefined],
  ])('reads %j', (cpuinfo, sets) => expect(fromLinux(cpuinfo)).toEqual(sets))
})
