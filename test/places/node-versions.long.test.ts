import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packAll } from '../package/packed.ts'
import { commonJs, esModule, withWorkers } from '../package/programs.ts'
import { makePlace, type Place } from './support.ts'

/*
 * Every line of Node.js that is supported, from the registry's packages of its binaries, over one installed project. About two minutes.
 */
const packed = packAll()
let place: Place
beforeAll(async () => {
  place = await makePlace(packed.packages, {
    ours: ['@secondpass/core', '@secondpass/langchain', '@secondpass/llamaindex'],
    dependencies: { '@langchain/core': '1.2.13' },
  })
  place.write('program.mjs', esModule)
  place.write('program.cjs', commonJs)
  place.write('workers.mjs', withWorkers)
})
afterAll(() => {
  place.remove()
  packed.remove()
})

/** The package of the registry that has this machine's binaries. */
const binaries = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`

describe.each(['20.19.0', '22.22.0', '24.22.3', '26.10.0'])('Node.js %s', (version) => {
  const file = process.platform === 'win32' ? 'node.exe' : 'node'
  const binary = join('runtimes', version, 'node_modules', binaries, 'bin', file)
  beforeAll(async () => {
    place.write(`runtimes/${version}/package.json`, '{ "private": true }')
    const install = ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
    await place.mustRun([...install, '--prefix', `runtimes/${version}`, `${binaries}@${version}`])
  })

  it.each(['program.mjs', 'program.cjs', 'workers.mjs'])('runs %s', async (program) => {
    const node = join(place.folder, binary)
    expect((await place.mustRun([node, '--version'])).trim()).toBe(`v${version}`)
    const { status, stdout, stderr } = await place.run([node, program])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect((JSON.parse(stdout) as number[])[0]).toBe(1)
  })
})
