import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderWith, run } from './support.ts'

const here = `${process.platform}/${process.arch}`
const machines = [here, 'linux/riscv64', 'darwin/ia32', 'win32/ia32']

/** A folder that looks like onnxruntime-node, with binaries of a few bytes. */
function invented(name = 'onnxruntime-node', present: readonly string[] = machines): string {
  const inFolder = folderWith({ 'package.json': JSON.stringify({ name, version: '1.30.0' }) })
  for (const machine of present) mkdirSync(dirname(inFolder(`bin/napi-v6/${machine}/x`)), { recursive: true })
  for (const machine of present) writeFileSync(inFolder(`bin/napi-v6/${machine}/onnxruntime_binding.node`), 'native')
  return dirname(inFolder('package.json'))
}

const left = (folder: string): string[] =>
  machines.filter((machine) => existsSync(join(folder, 'bin/napi-v6', machine))).toSorted()

describe('secondpass prune-runtime', () => {
  it('says what would go, and removes nothing', async () => {
    const folder = invented()
    const { code, stdout } = await run(['prune-runtime', folder])
    expect(code).toBe(0)
    expect(stdout).toMatch(/stays: this machine[^]*linux-riscv64 .*would go[^]*--yes/)
    expect(left(folder)).toEqual(machines.toSorted())
  })

  it('with --yes keeps this machine and what --keep names', async () => {
    const folder = invented()
    await run(['prune-runtime', folder, '--keep', 'linux-riscv64', '--yes'])
    expect(left(folder)).toEqual([here, 'linux/riscv64'].toSorted())
    expect(readdirSync(join(folder, 'bin/napi-v6'))).not.toContain('win32')
  })

  it.each([
    ['another package', () => invented('onnxruntime-web'), /is not onnxruntime-node, but onnxruntime-web/],
    ['a folder that is no package', () => dirname(folderWith()('x')), /is not onnxruntime-node/],
    [
      'a copy that has nothing for this machine',
      () => invented('onnxruntime-node', machines.slice(1)),
      /no binaries for/,
    ],
  ])('refuses %s, and removes nothing', async (_, make, sentence) => {
    const folder = make()
    const before = readdirSync(folder, { recursive: true })
    // The good copy is named first: it stays as well.
    const good = invented()
    const { code, stderr } = await run(['prune-runtime', good, folder, '--yes'])
    expect(code).toBe(1)
    expect(stderr).toMatch(sentence)
    expect(readdirSync(folder, { recursive: true })).toEqual(before)
    expect(left(good)).toEqual(machines.toSorted())
  })

  it('does not follow links', async () => {
    const folder = invented()
    const elsewhere = invented()
    symlinkSync(join(elsewhere, 'bin/napi-v6'), join(folder, 'bin/napi-v7'), 'junction')
    await run(['prune-runtime', folder, '--yes'])
    expect(left(folder)).toEqual([here])
    expect(left(elsewhere)).toEqual(machines.toSorted())
  })

  it('refuses a machine that is none', async () => {
    const { code, stderr } = await run(['prune-runtime', invented(), '--keep', '../..'])
    expect(code).toBe(2)
    expect(stderr).toContain('--keep is "../.."')
  })
})
