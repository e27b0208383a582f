import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const fixtures = join(import.meta.dirname, '../fixtures')

/** Closes a scorer whose worker is inside a graph without end, and says what came of it. */
const script = `
  import { crossEncoder } from '@secondpass/core'
  const scorer = crossEncoder({ model: process.argv[1], workers: 1 })
  const call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
  const say = (who) => (error) => console.log(JSON.stringify([who, error.name, error.code, error.message]))
  scorer.score('a', ['b'], call).catch(say('score'))
  setTimeout(() => scorer.close().catch(say('close')), 2000)
`

it('a graph without end: close() rejects with one clear error instead of waiting for it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-endless-'))
  cpSync(join(fixtures, 'tiny-bert-stock'), folder, { recursive: true })
  cpSync(join(fixtures, 'endless/model.onnx'), join(folder, 'model.onnx'))
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, folder], { stdio: 'pipe' })
  let told = ''
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (bytes: Buffer) => {
      told += bytes.toString()
      if (told.includes('"close"')) resolve()
    })
    child.once('exit', () => resolve())
  })
  // A thread inside native code keeps even process.exit() waiting.
  child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
  expect(told).toContain('["score","RerankError","closed",')
  expect(told).toMatch(/\["close","RerankError","scorer","A model was still running 10000 ms after close\(\)/)
})
