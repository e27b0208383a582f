import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { smallFiles } from '../../bench/structure.mjs'
import { consoleFaults, frontDoorFaults, lengthFault } from './file-rules.ts'
import { heavyPackages, importFaults, namesForNode, nodeModulesBehind, roomOf, rooms } from './import-rules.ts'
import { cyclesOf, graphOf, graphOfFolders, packagesFolder, readSources, type Source } from './sources.ts'

const sources = readSources()
const packages = [...new Set(sources.map(({ name }) => name))]
const sourcesOf = (package_: string): Source[] => sources.filter(({ name }) => name === package_)
const inPackages = ({ name, path }: Source): string => `${name}/src/${path}`
const textOf = (path: string): string => readFileSync(join(packagesFolder, 'core/src', path), 'utf8')

it('the sources of the packages are found', () => {
  const entries = ['core/src/index.ts', 'cli/src/bin.ts', 'langchain/src/index.ts', 'llamaindex/src/index.ts']
  expect(sources.map(inPackages)).toEqual(expect.arrayContaining(entries))
})

describe('imports', () => {
  it('reach only what the rules allow', () => {
    expect(sources.flatMap(({ name, path, text }) => importFaults(name, path, text))).toEqual([])
  })

  it('of the core lead down the table of its rooms', () => {
    const names = Object.keys(rooms)
    const upwards = Object.entries(rooms).flatMap(([room, below]) =>
      below.filter((other) => names.indexOf(other) >= names.indexOf(room)).map((other) => `${room} → ${other}`),
    )
    expect(upwards).toEqual([])
    expect(sourcesOf('core').filter(({ path }) => roomOf(path) === undefined)).toEqual([])
  })

  it.each(packages)('of packages/%s make no circle, types included', (name) => {
    expect(cyclesOf(graphOf(sourcesOf(name)))).toEqual([])
  })

  it('of the command line make no circle between folders either', () => {
    expect(cyclesOf(graphOfFolders(graphOf(sourcesOf('cli'))))).toEqual([])
  })

  it('of a heavy package stand in the file that the rules name', () => {
    const loads = ([name, path]: [string, string]): boolean =>
      [`await import('${name}')`, `await import('${name}/`, `require('${name}')`].some((call) =>
        textOf(path).includes(call),
      )
    expect(Object.entries(heavyPackages).filter((entry) => !loads(entry))).toEqual([])
  })
})

describe('browsers', () => {
  // Otherwise they cannot import it. Export it as '#node/PATH', and put its name into packages/core/src/unavailable.ts.
  it('are asked, behind the front door of core, for no module of Node.js but through #node/', () => {
    const find = (path: string): string => textOf(path.replace(/\.js$/, '.ts'))
    expect(nodeModulesBehind('index.ts', find)).toEqual([])
    const ofScorer = nodeModulesBehind('score/cross-encoder/cross-encoder.ts', find)
    expect(ofScorer).toContainEqual(expect.stringMatching(/ → node:fs$/))
  })

  it('have a stand-in for whatever the front door exports, and what lies behind it imports, through #node/', async () => {
    const standIns = Object.keys(await import('../../packages/core/src/unavailable.ts'))
    const names = new Set(sourcesOf('core').flatMap(({ text }) => namesForNode(text)))
    expect([...names]).toEqual(expect.arrayContaining(['crossEncoder', 'openRustTokenizer']))
    expect(standIns.toSorted()).toEqual([...names].toSorted())
  })
})

describe('files', () => {
  it('are at most 400 lines long', () => {
    expect(sources.flatMap((source) => lengthFault(inPackages(source), source.text) ?? [])).toEqual([])
  })

  it.each(['core', 'cli'])('of packages/%s that have one importer are 40 lines or longer', (name) => {
    expect(smallFiles(join(packagesFolder, name, 'src'))).toEqual([])
  })

  it('that are front doors have explicit named exports and nothing else', () => {
    const doors = sources.filter(({ path }) => path === 'index.ts' || path.endsWith('/index.ts'))
    expect(doors.flatMap((door) => frontDoorFaults(inPackages(door), door.text))).toEqual([])
  })

  it('of a library print nothing', () => {
    // Where there is no process to warn, errors.ts has the console only.
    const quiet = sources.filter(({ name, path }) => name !== 'cli' && `${name}/${path}` !== 'core/base/errors.ts')
    expect(quiet.flatMap((source) => consoleFaults(inPackages(source), source.text))).toEqual([])
  })

  it('of the command line that write are those that write safely', () => {
    const writing =
      /\b(?:append|chmod|chown|copyFile|cp|ftruncate|link|mkdir|open|rename|rm|symlink|truncate|unlink|write|writeFile)(?:Sync)?\b/
    const faulty = sources.filter(({ name, path, text }) => {
      const imported = text.match(/import \{[^}]*\} from 'node:fs(?:\/promises)?'|createWriteStream/g)?.join() ?? ''
      return name === 'cli' && !path.startsWith('files/') && writing.test(imported)
    })
    // Stdout is there already, and a corpus is opened to be read.
    expect(faulty.map(({ path }) => path).sort()).toEqual(['output/stdout.ts', 'pools/places.ts'])
  })

  it('of the command line touch the process they run in only in bin.ts', () => {
    const touching = sourcesOf('cli').filter(({ text }) =>
      /\bprocess\.(exit|exitCode|on|once|stdout|stderr|stdin|env)\b/.test(text),
    )
    expect(touching.map(({ path }) => path)).toEqual(['bin.ts'])
  })
})
