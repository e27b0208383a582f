import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** Half a minute of what bench/soak.mjs does for as long as it is told. */
it.each([
  ['in this thread', '0'],
  ['in a worker that dies every four seconds', '1'],
])('at four fifths of its load, nothing is lost, changed or late: %s', async (_where, workers) => {
  const args = ['--expose-gc', 'bench/soak.mjs', '--minutes', '0.5', '--deaths', '4', '--workers', workers]
  const ended = await new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [...args, '--model', 'test/fixtures/tiny-bert'],
      { cwd: root },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : error.code, stdout, stderr })
      },
    )
  })
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  const said = JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
  expect(said['answered']).toBe(said['asked'])
  expect(said['outcomes']).toHaveProperty('ranked')
})
