import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { consoleFaults, frontDoorFaults, lengthFault, longFiles } from './file-rules.ts'
import { importFaults, namesForNode, nodeModulesBehind, roomOf } from './import-rules.ts'

const packagesFolder = join(import.meta.dirname, '../../packages')

interface Source {
  /** Folder under `packages/`. */
  readonly name: string
  /** Path under the package's `src`. */
  readonly path: string
  readonly text: string
}

function readSources(): Source[] {
  const names = readdirSync(packagesFolder).filter((name) => existsSync(join(packagesFolder, name, 'src')))
  return names.flatMap((name) => {
    const folder = join(packagesFolder, name, 'src')
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
    return paths.map((path) => ({
      name,
      path: path.replaceAll('\\', '/'),
      text: readFileSync(join(folder, path), 'utf8'),
    }))
  })
}

const sources = readSources()
const inPackages = ({ name, path }: Source): string => `${name}/src/${path}`

describe('the sources of the packages', () => {
  it('are found', () => {
    expect(sources.map(inPackages)).toEqual(expect.arrayContaining(['core/src/index.ts', 'langchain/src/index.ts']))
  })

  it('import only what the table of the house allows', () => {
    expect(sources.flatMap(({ name, path, text }) => importFaults(name, path, text))).toEqual([])
  })

  it('stand, in core, in one of its rooms', () => {
    const homeless = sources.filter(({ name, path }) => name === 'core' && roomOf(path) === undefined)
    expect(homeless.map(inPackages)).toEqual([])
  })

  // Otherwise browsers cannot import it. Export it as '#node/PATH', and put its name into packages/core/src/unavailable.ts.
  it('ask, behind the front door of core, for no module of Node.js but through #node/', () => {
    const textOf = (path: string): string => readFileSync(join(packagesFolder, 'core/src', path), 'utf8')
    expect(nodeModulesBehind('index.ts', (path) => textOf(path.replace(/\.js$/, '.ts')))).toEqual([])
    expect(nodeModulesBehind('score/onnx/cross-encoder.ts', textOf)).toContain('score/onnx/model-files.ts → node:fs')
  })

  it('have a stand-in for browsers for whatever the front door exports through #node/', async () => {
    const standIns = Object.keys(await import('../../packages/core/src/unavailable.ts'))
    const names = namesForNode(readFileSync(join(packagesFolder, 'core/src/index.ts'), 'utf8'))
    expect(names).toContain('crossEncoder')
    expect(standIns.toSorted()).toEqual(names.toSorted())
  })

  it('are at most 200 lines long, types and prose excepted', () => {
    expect(sources.flatMap((source) => lengthFault(inPackages(source), source.text) ?? [])).toEqual([])
  })

  it('have no exception from the length rule that is no longer there', () => {
    expect(longFiles.filter((path) => !existsSync(join(packagesFolder, path)))).toEqual([])
  })

  it('have front doors of explicit named exports and nothing else', () => {
    const doors = sources.filter(({ path }) => path === 'index.ts' || path.endsWith('/index.ts'))
    expect(doors.flatMap((door) => frontDoorFaults(inPackages(door), door.text))).toEqual([])
  })

  it('print nothing', () => {
    // Where there is no process to warn, warn.ts has the console only.
    const quiet = sources.filter(({ name, path }) => name !== 'cli' && `${name}/${path}` !== 'core/warn.ts')
    expect(quiet.flatMap((source) => consoleFaults(inPackages(source), source.text))).toEqual([])
  })
})
