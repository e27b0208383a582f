import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ended, root, run } from './commands.ts'
import { type InstalledProject, type Manager, install, managers } from './install.ts'
import { packAll } from './packed.ts'
import { batch, commonJs, esModule, exportedNames, runtimeAlone, typed, withWorkers } from './programs.ts'

const packed = packAll()
const installed = new Map<Manager, InstalledProject>()

/** The project installed with a manager: installed once, on first use. */
function projectOf(manager: Manager): InstalledProject {
  const project = installed.get(manager) ?? install(manager, packed.packages)
  installed.set(manager, project)
  return project
}

afterAll(() => {
  for (const project of installed.values()) project.remove()
  packed.remove()
})

function versionOf(name: string): string | undefined {
  return packed.packages.find(({ manifest }) => manifest.name === name)?.manifest.version
}

/** Runs a program of the project in a fresh process, with an empty home, and says what it left there. */
function runIn(project: InstalledProject, file: string): Ended & { readonly left: string[] } {
  const home = mkdtempSync(join(tmpdir(), 'secondpass-home-'))
  const caches = { XDG_CACHE_HOME: undefined, XDG_DATA_HOME: undefined, XDG_CONFIG_HOME: undefined }
  const ended = run([process.execPath, file], project.folder, { ...caches, HOME: home, USERPROFILE: home })
  const left = readdirSync(home, { recursive: true, encoding: 'utf8' })
  rmSync(home, { recursive: true })
  return { ...ended, left }
}

/** A run that ended well, said nothing on stderr and left nothing in the home folder. */
function cleanRun(project: InstalledProject, file: string, text: string): string {
  project.write(file, text)
  const { status, stdout, stderr, left } = runIn(project, file)
  expect({ status, stderr, left }).toEqual({ status: 0, stderr: '', left: [] })
  return stdout
}

describe.each(managers)('installed with %s', (manager) => {
  let project: InstalledProject
  beforeAll(() => {
    project = projectOf(manager)
  })

  it('is imported and reranks with the bundled model', () => {
    const order = JSON.parse(cleanRun(project, 'program.mjs', esModule)) as number[]
    expect(order[0]).toBe(1)
    expect(order).toHaveLength(3)
  })

  it('is required from CommonJS and gives the same', () => {
    const order = JSON.parse(cleanRun(project, 'program.cjs', commonJs)) as number[]
    expect(order).toEqual(JSON.parse(cleanRun(project, 'program.mjs', esModule)))
  })

  it('starts its workers from the installed files, and a program that does not close them ends', () => {
    expect(JSON.parse(cleanRun(project, 'workers.mjs', withWorkers))).toEqual(
      JSON.parse(cleanRun(project, 'program.mjs', esModule)),
    )
  })

  it('exports what the front doors name', () => {
    const names = JSON.parse(cleanRun(project, 'names.mjs', exportedNames)) as string[][]
    expect(names).toEqual([
      expect.arrayContaining(['RerankError', 'createReranker', 'crossEncoder']),
      expect.arrayContaining(['RerankCompressor', 'RerankRetriever']),
      expect.arrayContaining(['RerankPostprocessor']),
      expect.arrayContaining(['runCli']),
    ])
  })

  it('has a command that reranks', () => {
    project.write('batch.jsonl', batch)
    const command = join(project.folder, 'node_modules/.bin/secondpass')
    const { status, stdout, stderr } = run([command, 'rerank', '--input', 'batch.jsonl', '--ids-only'], project.folder)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const { results } = JSON.parse(stdout) as { results: { index: number }[] }
    expect(results[0]?.index).toBe(1)
    expect(run([command, '--version'], project.folder).stdout.trim()).toBe(versionOf('@secondpass/cli'))
    // Its SDK is an optional peer: nobody gets it unasked, and whoever needs it is told.
    const mcp = run([command, 'mcp'], project.folder)
    expect(mcp.status).toBe(2)
    expect(mcp.stderr).toContain('mcp needs the package @modelcontextprotocol/sdk, which is not installed')
  })

  it('runs the quickstart', () => {
    cpSync(join(root, 'examples/quickstart.mjs'), join(project.folder, 'quickstart.mjs'))
    const { status, stdout, stderr, left } = runIn(project, 'quickstart.mjs')
    expect({ status, stderr, left }).toEqual({ status: 0, stderr: '', left: [] })
    expect(stdout).not.toBe('')
  })
})

describe('a project installed with npm', () => {
  let project: InstalledProject
  beforeAll(() => {
    project = projectOf('npm')
  })

  // Without this the tests above would pass on a runtime, or a machine, that never writes anything.
  it.skipIf(process.platform === 'win32')(
    'would have traces of telemetry if the library let the runtime write them',
    () => {
      project.write('runtime.mjs', runtimeAlone)
      const { status, left } = runIn(project, 'runtime.mjs')
      const traces = left.filter((path) => path.includes('onnxruntime'))
      expect({ status, traces: traces.length > 0 }).toEqual({ status: 0, traces: true })
    },
  )

  it.each(['nodenext', 'bundler'])('compiles strictly under moduleResolution %s', (moduleResolution) => {
    project.write('program.mts', typed)
    const module = moduleResolution === 'bundler' ? 'esnext' : 'nodenext'
    const options = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--skipLibCheck', '--target', 'es2022']
    const tsc = [process.execPath, join(root, 'node_modules/typescript/bin/tsc'), ...options]
    const { status, stdout } = run(
      [...tsc, '--module', module, '--moduleResolution', moduleResolution, 'program.mts'],
      project.folder,
    )
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  })
})
