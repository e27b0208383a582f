import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { openModel } from '../../packages/cli/src/scorer/model.ts'
import { fakeIo, run } from './support.ts'

const model = join(import.meta.dirname, '../fixtures/tiny-bert-stock')

afterEach(() => void vi.unstubAllEnvs())

it('measures on request, keeps it, and says what was chosen, why, and how to choose otherwise', async () => {
  const home = mkdtempSync(join(tmpdir(), 'secondpass-doctor-'))
  vi.stubEnv('HF_HOME', home)
  const before = await run(['doctor', '--model', model])
  expect(before.stdout).toMatch(/^measured\n {2}limits +\d+ cores, .*\n {2}nothing yet +\S/m)
  expect(readdirSync(home)).toEqual([])
  const { stdout, code } = await run(['doctor', '--model', model, '--measure'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^ {2}threads +\d.*because .*--threads chooses otherwise$/m)
  expect(stdout).toMatch(/^ {2}workers +\d.*because .*--workers chooses otherwise$/m)
  expect(stdout).toMatch(/^ {2}number formats +fp32 \d+\.\d ms, int8 \d+\.\d ms a pair; --dtype chooses$/m)
  expect(stdout).toContain(`kept in`)
  const again = await run(['doctor', '--model', model])
  const block = (text: string): string | undefined => /^measured\n(?: .*\n)+/m.exec(text)?.[0]
  expect(block(again.stdout)).toBe(block(stdout))
  rmSync(home, { recursive: true })
})

it('knows what a measured scorer is called before anything is written under its name', async () => {
  const home = mkdtempSync(join(tmpdir(), 'secondpass-doctor-'))
  vi.stubEnv('HF_HOME', home)
  await using scorer = await openModel({ threads: 'measured' }, fakeIo())
  expect(scorer.id).not.toContain('unresolved')
  rmSync(home, { recursive: true })
})
