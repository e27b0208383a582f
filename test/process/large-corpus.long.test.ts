import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runScript } from './run-script.ts'

const GIGABYTE = 1e9

/** A folder in the layout of BEIR whose corpus is a gigabyte of invented passages, about a thousand bytes each. */
function writeFolder(): { readonly folder: string; readonly documents: number; readonly bytes: number } {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-large-'))
  mkdirSync(join(folder, 'qrels'))
  writeFileSync(join(folder, 'queries.jsonl'), '{"_id":"q","text":"Which bolt holds the press?"}\n')
  writeFileSync(join(folder, 'qrels/test.tsv'), 'query-id\tcorpus-id\tscore\nq\td7\t1\n')
  const file = openSync(join(folder, 'corpus.jsonl'), 'w')
  const text = 'The press of this invented manual is held by bolts of several sizes. '.repeat(14)
  let [documents, bytes] = [0, 0]
  while (bytes < GIGABYTE) {
    // A thousand lines at a time.
    const lines = Array.from({ length: 1000 }, () => JSON.stringify({ _id: `d${documents++}`, title: 'Press', text }))
    bytes += writeSync(file, `${lines.join('\n')}\n`)
  }
  closeSync(file)
  return { folder, documents, bytes }
}

it('a corpus of a gigabyte is read in a small part of its size', async () => {
  const { folder, documents, bytes } = writeFolder()
  try {
    const { exitCode, stdout, stderr } = await runScript(`
      import { openBeirFolder } from '@secondpass/core/eval'
      const { corpus } = await openBeirFolder(${JSON.stringify(folder)})
      let [documents, last] = [0, '']
      for await (const { id } of corpus()) [documents, last] = [documents + 1, id]
      console.log(JSON.stringify({ documents, last, peakBytes: process.resourceUsage().maxRSS * 1024 }))
    `)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const read = JSON.parse(stdout) as { readonly documents: number; readonly last: string; readonly peakBytes: number }
    expect(read).toMatchObject({ documents, last: `d${documents - 1}` })
    expect(bytes).toBeGreaterThanOrEqual(GIGABYTE)
    // Node.js itself takes 50 MB.
    expect(read.peakBytes).toBeLessThan(bytes / 5)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
