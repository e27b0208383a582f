import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'secondpass-killed-'))))
afterAll(() => rm(folder, { recursive: true }))

/** A scorer module of the text alone, which kills its own process at the given question. */
const teacher = (killAt: number): string => `
  let asked = 0
  export default {
    id: 'length',
    scope: 'pair',
    async score(_query, texts) {
      asked += 1
      if (asked === ${killAt}) process.kill(process.pid, 'SIGKILL')
      return texts.map((text) => text.length / 7)
    },
  }
`

/** Labels `pools.jsonl` by the command line. */
async function label(output: string, killAt: number): ReturnType<typeof runCli> {
  const scorer = join(folder, `teacher-${killAt}.mjs`)
  await writeFile(scorer, teacher(killAt))
  const files = ['--input', join(folder, 'pools.jsonl'), '--output', output]
  return runCli(['label', '--scorer', scorer, ...files, '--concurrency', '3', '--json'])
}

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
  const ended = await label(whole, Infinity)
  expect(ended).toMatchObject({ exitCode: 0 })
  expect(JSON.parse(ended.stdout)).toMatchObject({ resumed: 0, written: 40 })
  for (const killAt of [1, 14, 9]) {
    expect(await label(killed, killAt)).toMatchObject({ signal: 'SIGKILL', stdout: '' })
  }
  const { exitCode, stdout } = await label(killed, Infinity)
  expect(exitCode).toBe(0)
  const { resumed, written } = JSON.parse(stdout) as Record<'resumed' | 'written', number>
  expect(resumed).toBeGreaterThan(15)
  expect(resumed + written).toBe(40)
  expect(await readFile(killed)).toEqual(await readFile(whole))
})
