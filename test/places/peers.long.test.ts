import { afterAll, describe, expect, it } from 'vitest'
import { packAll } from '../package/packed.ts'
import { emptyPlace, installInto } from './support.ts'

/* Projects that have what our optional peers are, in other versions too. npm decides on a tree; nothing is installed. Half a minute. */
const packed = packAll()
afterAll(() => packed.remove())

const ours = ['@secondpass/core', '@secondpass/langchain', '@secondpass/llamaindex', '@secondpass/cli']

describe('npm finds a tree beside', () => {
  it.each([
    [{ '@huggingface/transformers': '3.5.0' }],
    [{ '@huggingface/transformers': '4.0.0' }],
    // Asks for version 3 itself.
    [{ '@langchain/community': '1.1.29', '@huggingface/transformers': '3.8.1' }],
    [{ '@langchain/cohere': '1.0.5', 'cohere-ai': '7.14.0', undici: '6.19.0', '@opentelemetry/api': '1.9.0' }],
  ])('%j', async (beside) => {
    const spec = {
      ours,
      dependencies: { '@langchain/core': '1.2.13', ...beside },
      installFlags: ['--package-lock-only', '--ignore-scripts'],
    }
    const place = await emptyPlace(packed.packages, spec)
    const { status, stderr } = await installInto(place, spec)
    place.remove()
    expect({ status, conflict: /ERESOLVE[^]*?(?=\n\n)/.exec(stderr)?.[0] }).toEqual({ status: 0, conflict: undefined })
  })
})
