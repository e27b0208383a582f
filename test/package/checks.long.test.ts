import { join } from 'node:path'
import { type Message, publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, describe, expect, it } from 'vitest'
import { root, run } from './commands.ts'
import { packAll } from './packed.ts'

const packed = packAll()
afterAll(() => packed.remove())

/**
 * CommonJS has declarations of its own for the same ES module, which `require` loads from Node.js 20.19 on. What the two
 * kinds read differently is a default export, and there is none.
 */
function isOnPurpose({ code, args }: Message): boolean {
  return code === 'EXPORTS_TYPES_INVALID_FORMAT' && (args as { condition?: unknown }).condition === 'require'
}

describe.each(packed.packages.map((pack) => [pack.manifest.name, pack] as const))('%s', (name, pack) => {
  it('passes publint', async () => {
    const { messages, pkg } = await publint({ pkgDir: pack.folder, pack: false, strict: true })
    const faults = messages.filter((message) => !isOnPurpose(message))
    expect(faults.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
  })

  // A model package has files and no code, so there are no types to be wrong.
  it.skipIf(name.startsWith('@secondpass/model-'))('has types that resolve', () => {
    const attw = join(root, 'node_modules/.bin/attw')
    const { status, stdout, stderr } = run(
      [attw, pack.tarball, '--profile', 'esm-only', '--ignore-rules', 'false-cjs', '--no-color'],
      root,
    )
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' })
  })
})
