import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runScript } from './run-script.ts'

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'secondpass-killed-'))))
afterAll(() => rm(folder, { recursive: true }))

/** Labels `pools.jsonl` with a score of the text alone, and kills its own process at the given question to the teacher. */
const script = (output: string, killAt: number): string => `
  import { label } from '@secondpass/core/eval'
  let asked = 0
  const teacher = {
    id: 'length',
    scope: 'pair',
    async score(_query, texts) {
      asked += 1
      if (asked === ${killAt}) process.kill(process.pid, 'SIGKILL')
      return texts.map((text) => text.length / 7)
    },
  }
  const summary = await label({ input: ${JSON.stringify(join(folder, 'pools.jsonl'))}, output: ${JSON.stringify(output)}, teacher, concurrency: 3 })
  console.log(JSON.stringify([summary.resumed, summary.written]))
`

it('a run that is killed again and again ends with the file of one that was not', async () => {
  const candidates = [
    { id: 'a', text: 'It is red.', label: null },
    { id: 'b', text: 'It turns itself off after ten minutes. '.repeat(300), label: 1 },
  ]
  const queries = Array.from({ length: 40 }, (_, at) => ({
    id: `q${at}`,
    set: 's',
    query: `Question ${at}?`,
    candidates,
  }))
  await writeFile(join(folder, 'pools.jsonl'), queries.map((query) => JSON.stringify(query)).join('\n'))

  const [whole, killed] = [join(folder, 'whole.jsonl'), join(folder, 'killed.jsonl')]
  expect(await runScript(script(whole, Infinity))).toMatchObject({ exitCode: 0, stderr: '', stdout: '[0,40]\n' })
  for (const killAt of [1, 14, 9]) {
    expect(await runScript(script(killed, killAt))).toMatchObject({ signal: 'SIGKILL', stdout: '' })
  }
  const { exitCode, stdout } = await runScript(script(killed, Infinity))
  expect(exitCode).toBe(0)
  const [resumed, written] = JSON.parse(stdout) as [number, number]
  expect(resumed).toBeGreaterThan(15)
  expect(resumed + written).toBe(40)
  expect(await readFile(killed)).toEqual(await readFile(whole))
})
