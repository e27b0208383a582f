/** Has programs see an older processor than there is: ratios of int8 depend on the instruction set. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from './paths.mjs'

/**
 * @param {string} wanted 'all' of the processor, or 'avx2'
 * @returns {{ env: Record<string, string>, shown: (machine: object) => object }} what the processes need, and the machine as they see it
 */
export function instructionsShown(wanted) {
  if (wanted === 'all') return { env: {}, shown: (machine) => machine }
  if (wanted !== 'avx2') throw new Error(`--instructions: expected all or avx2, got ${JSON.stringify(wanted)}`)
  mkdirSync(paths.build, { recursive: true })
  const library = join(paths.build, 'avx2.so')
  const source = join(paths.root, 'bench/instructions/avx2.c')
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, source, '-ldl'], { stdio: 'inherit' })
  // Here rather than in the first peer, so that a machine that cannot do it says so.
  execFileSync('/bin/true', { env: { LD_PRELOAD: library }, stdio: 'inherit' })
  return {
    env: { LD_PRELOAD: library },
    shown: (machine) => ({ ...machine, instructions: ['avx2', 'the rest hidden'] }),
  }
}
