import { afterAll, describe, expect, it } from 'vitest'
import { packAll } from '../package/packed.ts'
import { esModule } from '../package/programs.ts'
import { emptyPlace, installInto } from './support.ts'

/*
 * Behind a firewall the install script of onnxruntime-node cannot download its CUDA libraries. It is an optional
 * dependency: the install succeeds without it, and the first call says in a sentence what to do. About a minute.
 */
const packed = packAll()
afterAll(() => packed.remove())

/** A proxy for that script, and for nothing else, behind which there is nobody. */
const NOBODY = 'http://127.0.0.1:9'
const firewall = {
  ONNXRUNTIME_NODE_INSTALL: undefined,
  ONNXRUNTIME_NODE_INSTALL_CUDA: undefined,
  GLOBAL_AGENT_HTTP_PROXY: NOBODY,
  GLOBAL_AGENT_HTTPS_PROXY: NOBODY,
}

const program = `
  import { createReranker } from '@secondpass/core'
  const error = await createReranker({ onError: 'keep-order' }).rerank('q', ['a', 'b']).catch((thrown) => thrown)
  console.log(JSON.stringify({ code: error.code, message: error.message }))
`

// Other systems have nothing to download.
describe.runIf(process.platform === 'linux' && process.arch === 'x64')('a script that fails', () => {
  it('does not fail an install with npm, and is explained', async () => {
    const place = await emptyPlace(packed.packages)
    const { status, stderr } = await installInto(place, { env: firewall })
    expect({ status }, stderr).toEqual({ status: 0 })
    expect(await place.json('program.mjs', program)).toMatchObject({
      code: 'runtime',
      message: expect.stringMatching(/is not installed .*install script.*ONNXRUNTIME_NODE_INSTALL=skip/),
    })
    // What the sentence says, done.
    const { status: again } = await installInto(place, { env: { ...firewall, ONNXRUNTIME_NODE_INSTALL: 'skip' } })
    expect(again).toBe(0)
    expect(((await place.json('ranks.mjs', esModule)) as number[])[0]).toBe(1)
    place.remove()
  })

  it('does not fail an install with yarn 1, which keeps what was unpacked', async () => {
    const place = await emptyPlace(packed.packages, { manager: 'yarn' })
    const { status, stderr } = await installInto(place, { manager: 'yarn', env: firewall })
    expect({ status }, stderr).toEqual({ status: 0 })
    expect(((await place.json('ranks.mjs', esModule)) as number[])[0]).toBe(1)
    place.remove()
  })

  it('that pnpm has not been told about is said by pnpm, with the line to add', async () => {
    const place = await emptyPlace(packed.packages, { manager: 'pnpm' })
    const settings = JSON.parse(place.read('pnpm-workspace.yaml')) as Record<string, unknown>
    place.write('pnpm-workspace.yaml', JSON.stringify({ overrides: settings['overrides'] }))
    const { stdout, stderr } = await installInto(place, { manager: 'pnpm' })
    expect(`${stdout}${stderr}`).toMatch(/onnxruntime-node/)
    // The package itself is there, and needs nothing from its script.
    expect(((await place.json('ranks.mjs', esModule)) as number[])[0]).toBe(1)
    place.remove()
  })
})
