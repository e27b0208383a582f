import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { crossEncoder } from '../../../../../packages/core/src/score/cross-encoder/cross-encoder.ts'
import { explainMissing } from '../../../../../packages/core/src/score/cross-encoder/session/providers.ts'
import { openFirst } from '../../../../../packages/core/src/score/cross-encoder/session/node.ts'
import type { Provider } from '../../../../../packages/core/src/score/cross-encoder/session/providers.ts'
import { callOf } from '../../../../contract/fake-scorer.ts'

const stock = join(import.meta.dirname, '../../../../fixtures/tiny-bert-stock')
/** Made for another system than the one that runs this test, so never usable here. */
const elsewhere: Provider = process.platform === 'win32' ? 'coreml' : 'dml'

describe('providers', () => {
  it('are tried in order, and the first that opens the graph computes', async () => {
    const tried: Provider[] = []
    const { session, opened } = await openFirst(['cuda', 'webgpu', 'cpu'], 'g.onnx', async (provider) => {
      tried.push(provider)
      if (provider === 'cuda') throw new Error('no such library')
      return provider
    })
    expect([tried, session]).toEqual([['cuda', 'webgpu'], 'webgpu'])
    expect(opened).toEqual({ provider: 'webgpu', refused: [{ provider: 'cuda', reason: 'no such library' }] })
  })

  it('that all fail are an error with every reason, and the way out', async () => {
    const refuse = (provider: Provider): Promise<never> => Promise.reject(new Error(`no ${provider}`))
    await expect(openFirst(['cuda', 'dml'], 'g.onnx', refuse)).rejects.toMatchObject({
      code: 'runtime',
      message: expect.stringMatching(/cuda \(no cuda\), dml \(no dml\).*add 'cpu'.*doctor/),
    })
    await expect(openFirst(['cpu'], 'g.onnx', refuse)).rejects.toMatchObject({ code: 'model-files' })
  })

  it('that cannot be used here are passed over in sight: in a warning, the report, the scorer', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    await using scorer = crossEncoder({ model: stock, providers: [elsewhere, 'cpu'] })
    await using usual = crossEncoder({ model: stock, graph: 'original' })
    expect(scorer.id).toContain('unresolved')
    const call = callOf()
    expect(await scorer.score('river', ['the mill'], call)).toEqual(await usual.score('river', ['the mill'], callOf()))
    expect(call.stats).toMatchObject({ refusedProviders: 1 })
    expect(scorer.opened).toMatchObject({ provider: 'cpu', refused: [{ provider: elsewhere }] })
    expect(scorer.id).toBe(usual.id)
    expect(warned.mock.calls.map(([message]) => message)).toEqual([
      expect.stringContaining(`runs on cpu: ${elsewhere} (`),
    ])
    warned.mockRestore()
  })

  it('are told by workers as well', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { crossEncoder: built } = await import('@secondpass/core')
    const scorer = built({ model: stock, providers: [elsewhere, 'cpu'], workers: 1 })
    await scorer.warmup()
    expect(scorer.opened?.refused.map(({ provider }) => provider)).toEqual([elsewhere])
    await scorer.close()
    warned.mockRestore()
  })

  it.each([
    [[], 'providers'],
    [['gpu'], '"gpu"'],
    [['cpu', 'cpu'], '"cpu"'],
    ['cpu', 'providers'],
  ])('%j are refused', (providers, shown) => {
    expect(() => crossEncoder({ model: stock, providers: providers as never })).toThrow(shown)
  })

  it('that include the processor are refused with float16, with the reason', () => {
    expect(() => crossEncoder({ model: stock, dtype: 'fp16' })).toThrow(/dtype is "fp16".*computes float16 as float32/)
    expect(() => crossEncoder({ model: stock, dtype: 'fp16', providers: ['cuda', 'cpu'] })).toThrow('float16')
  })

  it.each(['fp8', 7, 'toString'])('dtype %j is refused', (dtype) => {
    expect(() => crossEncoder({ model: stock, dtype: dtype as never })).toThrow(/dtype is/)
  })

  it('give the same scores with spinning threads', async () => {
    await using spinning = crossEncoder({ model: stock, spinning: true, threads: 2 })
    await using usual = crossEncoder({ model: stock })
    const [one] = await spinning.score('river', ['the mill'], callOf())
    expect(one).toBeCloseTo((await usual.score('river', ['the mill'], callOf()))[0] as number, 5)
    expect(() => crossEncoder({ spinning: 1 as never })).toThrow('spinning')
  })
})

describe('the error of a runtime that does not load', () => {
  const facts = { platform: 'linux', arch: 'x64', libc: 'glibc 2.36', node: 'v20.19.0' }

  it.each([
    [{ ...facts, platform: 'darwin', libc: undefined }, /Intel Macs; pin onnxruntime-node to 1\.23\.2/],
    [{ ...facts, libc: 'musl' }, /Alpine has musl; use .*node:22-slim/],
    [{ ...facts, arch: 'riscv64' }, /no binaries for this kind of machine/],
    [facts, /the system said "no library".*install it again/],
  ])('on %j says why and what to do', (host, sentence) => {
    const message = explainMissing(host, new Error('no library\nstack'))
    expect(message).toMatch(sentence)
    expect(message).toContain('"npm install onnxruntime-web"')
  })

  it('where it is not installed says how to install it', () => {
    const cause = new Error("Cannot find package 'onnxruntime-node' imported from /app/index.js")
    expect(explainMissing(facts, cause)).toMatch(/"npm install onnxruntime-node" with .*ONNXRUNTIME_NODE_INSTALL=skip/)
    const binary = new Error("Cannot find module '../bin/napi-v6/linux/x64/onnxruntime_binding.node'")
    expect(explainMissing(facts, binary)).toMatch(/the system said .*install it again/)
  })
})
