import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

// The core as it was built, with nothing installed beside it.
const folder = mkdtempSync(join(tmpdir(), 'secondpass-alone-'))
beforeAll(() => {
  for (const part of ['dist', 'package.json']) {
    cpSync(join(root, 'packages/core', part), join(folder, part), { recursive: true })
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What making a scorer with these options comes to in a process that sees nothing but that folder. */
function made(options: object): { id?: string; code?: string; message?: string } {
  const program = `
    import { crossEncoder } from './dist/index.js'
    try { console.log(JSON.stringify({ id: crossEncoder(${JSON.stringify(options)}).id })) }
    catch ({ code, message }) { console.log(JSON.stringify({ code, message })) }`
  const { NODE_PATH: _elsewhere, ...env } = process.env
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder, env })
  expect({ status: run.status, stderr: String(run.stderr) }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(String(run.stdout)) as ReturnType<typeof made>
}

describe('where a model of ours is not installed', () => {
  it.each([
    ['bundled-tiny', '@secondpass/model-en-tiny', "pass model: 'bundled'"],
    ['bundled', '@secondpass/model-en-mini', "pass model: './folder'"],
  ])('%s is refused with the package, how to install it, and what does without', (model, from, instead) => {
    const message = `The ${model} model ${from} is not installed: run "npm install ${from}", or ${instead}.`
    expect(made({ model })).toEqual({ code: 'model-files', message })
  })
})

describe('where the small model is installed, here with random weights', () => {
  beforeAll(() => {
    const place = join(folder, 'node_modules/@secondpass/model-en-tiny')
    mkdirSync(place, { recursive: true })
    cpSync(join(root, 'test/fixtures/tiny-bert'), place, { recursive: true })
    writeFileSync(join(place, 'package.json'), '{"name": "@secondpass/model-en-tiny", "exports": {"./*": "./*"}}')
  })

  it('bundled-tiny is that package, in int8, and the default is still another one', () => {
    const { id } = made({ model: 'bundled-tiny' })
    expect(id).toMatch(/^model-en-tiny@[0-9a-f]{12}$/)
    expect(made({ model: 'bundled-tiny', dtype: 'int8' })).toEqual({ id })
    expect(made({ model: 'bundled-tiny', dtype: 'fp32' })).toMatchObject({ code: 'invalid-argument' })
    expect(made({})).toMatchObject({ code: 'model-files' })
  })
})
