import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mustRun, pnpm, root, run, throughNpm } from './commands.ts'
import { packAll } from './packed.ts'
import { freePort, type Registry, startRegistry } from './registry.ts'
import { follow, readSteps } from './tutorials.ts'
import { wordsAndScores } from '../process/printed-output.ts'

/**
 * A dry run of a release: every package is published to a registry on this machine, and installed from there by the very
 * lines of the README. What is not ours comes through it from the registry that this machine is set up for.
 */
const folder = mkdtempSync(join(tmpdir(), 'secondpass-registry-'))
const packed = packAll()
let registry: Registry

beforeAll(async () => {
  registry = await startRegistry(packed.packages)
})
afterAll(() => {
  registry?.stop()
  packed.remove()
  rmSync(folder, { recursive: true, force: true })
})

const readme = readFileSync(join(root, 'README.md'), 'utf8')
/** The first program of the README. */
const [, program = ''] = /```js\n(import \{ createReranker \}[\s\S]*?)```/.exec(readme) ?? []

const managers: Readonly<
  Record<string, { readonly add: readonly string[]; readonly files?: Readonly<Record<string, string>> }>
> = {
  npm: { add: ['npm', 'install', '--no-audit', '--no-fund', '@secondpass/core'] },
  pnpm: {
    add: [...pnpm(), 'add', '@secondpass/core'],
    files: { 'pnpm-workspace.yaml': 'allowBuilds:\n  onnxruntime-node: false\n' },
  },
  yarn: { add: [...throughNpm('yarn@1.22.22'), 'add', '@secondpass/core'] },
}

describe.each(Object.entries(managers))('from the registry, with %s', (name, { add, files = {} }) => {
  it('the install line and the first program of the README do what it says', () => {
    expect(readme).toContain('npm install @secondpass/core\n')
    const project = join(folder, `project-${name}`)
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{"name":"newcomer","private":true,"type":"module"}')
    for (const [file, text] of Object.entries(files)) writeFileSync(join(project, file), text)
    mustRun(add, project, { ...registry.env, YARN_REGISTRY: registry.url })
    writeFileSync(join(project, 'program.js'), program)
    const { status, stdout, stderr } = run([process.execPath, 'program.js'], project)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^0\.\d\d {2}was 3 {2}To set a new password/)
  })
})

it('the command line is installed from the registry, and says what runs here', () => {
  const project = join(folder, 'project-cli')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"name":"newcomer","private":true}')
  mustRun(['npm', 'install', '--no-audit', '--no-fund', '@secondpass/cli'], project, registry.env)
  const { stdout } = run(['npx', '--no-install', 'secondpass', 'doctor', '--json'], project)
  expect(JSON.parse(stdout)).toMatchObject({ problems: [] })
})

describe('the tutorials, followed to the letter from an empty folder', () => {
  const tutorial = (name: string): ReturnType<typeof readSteps> =>
    readSteps(readFileSync(join(root, 'docs/tutorials', `${name}.md`), 'utf8'))

  it.each(['plain', 'langchain', 'llamaindex', 'ai-sdk'])('%s prints what it says', async (name) => {
    const { seen } = await follow(tutorial(name), join(folder, `tutorial-${name}`), { env: registry.env })
    expect(seen.length).toBeGreaterThan(0)
    for (const { expected, printed } of seen) {
      const [actual, promised] = [wordsAndScores(printed), wordsAndScores(expected)]
      expect(actual.words).toBe(promised.words)
      for (const [at, score] of actual.scores.entries()) expect(score).toBeCloseTo(promised.scores[at] ?? NaN, 1)
    }
    console.log(`tutorial ${name}: first reranked result after ${((seen[0]?.afterMs ?? NaN) / 1000).toFixed(1)} s`)
  })

  it('server answers, and asks for a key when it is told to', async () => {
    const port = await freePort()
    const steps = tutorial('server')
    const adjust = (command: string): string => command.replaceAll('8080', String(port))
    const { printed, stop } = await follow(steps, join(folder, 'tutorial-server'), { env: registry.env, adjust })
    try {
      expect(JSON.parse(printed)).toMatchObject({ results: [{ index: 1 }, {}] })
      const ask = (headers: Record<string, string>): Promise<number> =>
        fetch(`http://127.0.0.1:${port}/v1/models`, { headers }).then(({ status }) => status)
      expect(await ask({})).toBe(401)
      expect(await ask({ authorization: 'Bearer a-key-that-you-made-up' })).toBe(200)
    } finally {
      await stop()
    }
  })
})
