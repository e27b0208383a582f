import { existsSync, readFileSync, statSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { folderWith } from '../cli/support.ts'
import { sized } from '../fixtures/size.ts'
import { runCli } from './run-cli.ts'

/** `secondpass encode`, killed and started again. All texts are invented. */

const passages = Array.from({ length: sized(24, 60) }, (_, at) => ({
  id: `p${at}`,
  text: `Note ${at}: ${'the harbour master counts the boats at dusk and writes them into the ledger. '.repeat(1 + (at % 6))}`,
}))
const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

it('goes on after a kill, with the file that one run would have written, and reranks from it', async () => {
  const at = folderWith({
    'corpus.jsonl': lines(passages),
    'in.jsonl': lines([{ query: 'who counts the boats', candidates: [...passages.slice(0, 6), 'Not in the corpus.'] }]),
  })
  const encode = (out: string, kill?: Promise<unknown>): ReturnType<typeof runCli> =>
    runCli(['encode', at('corpus.jsonl'), '--out', at(out)], kill && { kill: { at: kill, signal: 'SIGKILL' } })
  const grown = new Promise<void>((resolve) => {
    const watcher = watch(at('.'), () => {
      if (!existsSync(at('killed.part')) || statSync(at('killed.part')).size < 60_000) return
      watcher.close()
      resolve()
    })
  })
  const killed = await encode('killed', grown)
  expect(killed.exitCode).not.toBe(0)
  expect(existsSync(at('killed'))).toBe(false)
  const [whole, resumed] = [await encode('whole'), await encode('killed')]
  expect([whole.exitCode, resumed.exitCode]).toEqual([0, 0])
  expect(whole.stderr).toContain(`secondpass: ${passages.length} passages encoded into`)
  expect(Number(/, (\d+) of them before;/.exec(resumed.stderr)?.[1])).toBeGreaterThan(0)
  expect(readFileSync(at('killed')).equals(readFileSync(at('whole')))).toBe(true)
  expect(existsSync(at('killed.part'))).toBe(false)

  const rerank = (...args: string[]): ReturnType<typeof runCli> =>
    runCli(['rerank', '--input', at('in.jsonl'), '--ids-only', ...args])
  const [with_, without] = [await rerank('--documents', at('whole')), await rerank()]
  expect(with_).toEqual(without)
  expect(with_.exitCode).toBe(0)
})

it('finds a bad line before anything is encoded, and leaves what is no file of documents alone', async () => {
  const at = folderWith({ 'bad.jsonl': `${lines(passages.slice(0, 1))}{"id":"x"}\n`, other: 'mine' })
  const bad = await runCli(['encode', at('bad.jsonl'), '--out', at('out')])
  expect(bad).toMatchObject({ exitCode: 1, stdout: '' })
  expect(bad.stderr).toMatch(/bad\.jsonl, line 2: .*its "text" is missing/)
  expect(existsSync(join(at('.'), 'out.part'))).toBe(false)
  writeFileSync(at('good.jsonl'), lines(passages.slice(0, 1)))
  const onto = await runCli(['encode', at('good.jsonl'), '--out', at('other')])
  expect(onto.exitCode).toBe(1)
  expect(onto.stderr).toContain('something else stands there than a whole file of documents')
  expect(readFileSync(at('other'), 'utf8')).toBe('mine')
  const itself = await runCli(['encode', at('good.jsonl'), '--out', at('good.jsonl')])
  expect(itself).toMatchObject({ exitCode: 2 })
})
