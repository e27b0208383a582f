// @ts-check
/**
 * How large the house is, and how many of its rooms one call walks through.
 *
 *     pnpm build && node bench/structure.mjs [--json] [CHECKOUT]
 *
 * Counts the sources of packages/core and its front doors, then runs one call of each kind in a process of its own and
 * counts the files of core in which any function ran while it did (V8's precise coverage; what only loads is not
 * counted). CHECKOUT is another built checkout, for figures before and after a change.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, normalize, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = fileURLToPath(import.meta.url)
const options = process.argv.slice(2)
const checkout = resolve(options.find((option) => !option.startsWith('--')) ?? join(dirname(here), '..'))
const source = join(checkout, 'packages/core/src')

if (process.env['SECONDPASS_CALL']) await runCall(process.env['SECONDPASS_CALL'])
else report()

/** Runs one call under coverage and prints the files it entered, and how many modules of core were loaded. */
async function runCall(/** @type {string} */ kind) {
  const { Session } = await import('node:inspector/promises')
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  const core = await import(pathToFileURL(join(checkout, 'packages/core/dist/index.js')).href)
  await session.post('Profiler.takePreciseCoverage')
  const scorers = {
    bundled: () => undefined,
    cohere: () => core.cohere({ apiKey: 'invented', fetch: answer }),
    llmListwise: () => core.llmListwise({ generate: async () => '[2] > [1]', model: 'invented' }),
  }
  const scorer = scorers[/** @type {keyof typeof scorers} */ (kind)]()
  const reranker = core.createReranker(scorer === undefined ? {} : { scorer })
  await reranker.rerank('how to reset a password', [
    { text: 'Open the settings to choose a new password.', score: 2 },
    { text: 'Passwords are stored as hashes.', score: 1 },
  ])
  const { result } = await session.post('Profiler.takePreciseCoverage')
  const dist = pathToFileURL(join(checkout, 'packages/core/dist/')).href
  const ours = result.filter(({ url }) => url.startsWith(dist))
  const entered = ours.filter(({ functions }) =>
    functions.some(({ functionName, ranges, isBlockCoverage: _ }, at) => {
      const [range] = ranges
      // The first function of a module is the module itself, which runs when it loads.
      const isModule = at === 0 && functionName === '' && range?.startOffset === 0
      return !isModule && (range?.count ?? 0) > 0
    }),
  )
  const names = entered.map(({ url }) => url.slice(dist.length)).toSorted()
  process.stdout.write(`${JSON.stringify({ entered: names, loaded: ours.length })}\n`)
  process.exit(0)
}

async function answer() {
  const results = [
    { index: 0, relevance_score: 0.9 },
    { index: 1, relevance_score: 0.1 },
  ]
  return new Response(JSON.stringify({ id: 'invented', results, meta: { billed_units: { search_units: 1 } } }))
}

function report() {
  const sources = sourcesOf(source)
  const importers = importersOf(sources)
  const lines = (/** @type {string} */ path) => readFileSync(join(source, path), 'utf8').split('\n').length - 1
  const small = sources.filter((path) => lines(path) < 40 && importers.get(path)?.size === 1)
  const calls = ['bundled', 'cohere', 'llmListwise'].map((kind) => [kind, callOf(kind)])
  const figures = {
    files: sources.length,
    'files under 40 lines with one importer': small.length,
    'files with one importer': sources.filter((path) => importers.get(path)?.size === 1).length,
    'longest file, lines': Math.max(...sources.map(lines)),
    'lines without comments and blanks': sources.reduce((sum, path) => sum + codeLines(path), 0),
    'exports of the front door': exportsOf('index.ts'),
    'exports of eval': exportsOf('eval/index.ts'),
    'README, bytes': statSync(join(checkout, 'README.md')).size,
    ...Object.fromEntries(calls.map(([kind, call]) => [`files entered by one ${kind} call`, call.entered.length])),
  }
  if (options.includes('--json')) {
    const entered = Object.fromEntries(calls.map(([kind, call]) => [kind, call.entered]))
    process.stdout.write(`${JSON.stringify({ figures, small, entered }, null, 2)}\n`)
    return
  }
  for (const [name, figure] of Object.entries(figures)) process.stdout.write(`${String(figure).padStart(7)}  ${name}\n`)
}

function callOf(/** @type {string} */ kind) {
  const env = { ...process.env, SECONDPASS_CALL: kind, CO_API_KEY: '' }
  const { stdout, stderr } = spawnSync(process.execPath, [here, checkout], { env, encoding: 'utf8' })
  if (stdout === '') throw new Error(`the call of ${kind} failed: ${stderr}`)
  return JSON.parse(stdout)
}

function sourcesOf(/** @type {string} */ folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
}

function importersOf(/** @type {string[]} */ sources) {
  /** @type {Map<string, Set<string>>} */
  const importers = new Map()
  for (const path of sources) {
    const text = readFileSync(join(source, path), 'utf8')
    for (const [, from, dynamic] of text.matchAll(/from '([^']+)'|import\('([^']+)'\)/g)) {
      const name = from ?? dynamic ?? ''
      const target = name.startsWith('#node/')
        ? `${name.slice('#node/'.length)}.ts`
        : relative('.', normalize(join(dirname(path), name))).replace(/\.js$/, '.ts')
      importers.set(target, (importers.get(target) ?? new Set()).add(path))
    }
  }
  return importers
}

function codeLines(/** @type {string} */ path) {
  const text = readFileSync(join(source, path), 'utf8')
  const bare = text.replaceAll(/^\s*(\/\*[\s\S]*?\*\/|\/\/.*)\s*$/gm, '')
  return bare.split('\n').filter((line) => line.trim() !== '').length
}

/** Values and types, as TypeScript sees them. */
function exportsOf(/** @type {string} */ door) {
  const path = join(source, door)
  if (!existsSync(path)) return 0
  const text = readFileSync(path, 'utf8')
  const names = [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list]) => (list ?? '').split(','))
  return names.filter((name) => name.trim() !== '').length
}
