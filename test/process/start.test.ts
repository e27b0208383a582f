import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runScript } from './run-script.ts'

const graphBytes = statSync(join(import.meta.dirname, '../../packages/model-en-mini/model.onnx')).size

/** Bytes that a process has read so far, files mapped into memory left out. */
const bytesRead = `Number(/rchar: (\\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))[1])`

describe.skipIf(process.platform !== 'linux')(
  'the first score of the bundled model (bytes read are told on Linux only)',
  () => {
    it('reads its weights twice at most: to check their sum, and to open them', async () => {
      const { exitCode, stdout, stderr } = await runScript(`
      import { readFileSync } from 'node:fs'
      import { createReranker } from '@secondpass/core'
      const before = ${bytesRead}
      const { results } = await createReranker().rerank('When is it open?', ['From nine to five.', 'By bus.'])
      console.log(JSON.stringify({ read: ${bytesRead} - before, ranked: results.length }))`)
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      const { read, ranked } = JSON.parse(stdout) as { read: number; ranked: number }
      expect(ranked).toBe(2)
      expect(read).toBeGreaterThan(graphBytes)
      expect(read).toBeLessThan(2.5 * graphBytes)
    })
  },
)
