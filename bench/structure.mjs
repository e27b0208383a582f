// @ts-check
/**
 * How large the house is, and how many of its rooms one call walks through.
 *
 *     pnpm build && node bench/structure.mjs [--json | --walk] [CHECKOUT]
 *
 * Counts the sources of packages/core and its front doors, then runs one call of each kind in a process of its own and
 * counts the files of core in which any function ran while it did; what only loads is not counted. `--walk` prints those
 * files in the order in which the call with the bundled model first enters them. CHECKOUT is another built checkout, for
 * figures before and after a change.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { register } from 'node:module'
import { dirname, join, normalize, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = fileURLToPath(import.meta.url)

if (process.argv[1] === here) {
  const options = process.argv.slice(2)
  const checkout = resolve(options.find((option) => !option.startsWith('--')) ?? join(dirname(here), '..'))
  const kind = process.env['SECONDPASS_CALL']
  if (kind !== undefined) await runCall(kind, checkout)
  else if (options.includes('--walk'))
    for (const path of enteredBy('bundled', checkout)) process.stdout.write(`${path}\n`)
  else report(checkout, options.includes('--json'))
}

/** Runs one call and prints the files it entered, in that order. */
async function runCall(/** @type {string} */ kind, /** @type {string} */ checkout) {
  const dist = pathToFileURL(join(checkout, 'packages/core/dist/')).href
  /** @type {Set<string>} */
  const entered = new Set()
  Object.assign(globalThis, { enter: (/** @type {string} */ path) => entered.add(path) })
  register('./entered.mjs', { parentURL: import.meta.url, data: { dist } })
  const core = await import(`${dist}index.js`)
  // What the modules of the front door do as they load is no part of the call.
  entered.clear()
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
  process.stdout.write(JSON.stringify([...entered].map((path) => path.replace(/\.js$/, '.ts'))))
  process.exit(0)
}

async function answer() {
  const results = [
    { index: 0, relevance_score: 0.9 },
    { index: 1, relevance_score: 0.1 },
  ]
  return new Response(JSON.stringify({ id: 'invented', results, meta: { billed_units: { search_units: 1 } } }))
}

function report(/** @type {string} */ checkout, /** @type {boolean} */ asJson) {
  const source = join(checkout, 'packages/core/src')
  const sources = sourcesOf(source)
  const importers = importersOf(source)
  const lines = (/** @type {string} */ path) => linesOf(join(source, path))
  const small = smallFiles(source)
  /** @type {Record<string, string[]>} */
  const entered = {}
  for (const kind of ['bundled', 'cohere', 'llmListwise']) entered[kind] = enteredBy(kind, checkout)
  const calls = Object.entries(entered)
  const figures = {
    files: sources.length,
    'files under 40 lines with one importer': small.length,
    'files with one importer': sources.filter((path) => importers.get(path)?.size === 1).length,
    'longest file, lines': Math.max(...sources.map(lines)),
    'lines without comments and blanks': sources.reduce((sum, path) => sum + codeLines(join(source, path)), 0),
    'exports of the front door': exportsOf(join(source, 'index.ts')),
    'exports of eval': exportsOf(join(source, 'eval/index.ts')),
    'README, bytes': statSync(join(checkout, 'README.md')).size,
    ...Object.fromEntries(calls.map(([kind, paths]) => [`files entered by one ${kind} call`, paths.length])),
  }
  if (asJson) {
    process.stdout.write(`${JSON.stringify({ figures, small, entered }, null, 2)}\n`)
    return
  }
  for (const [name, figure] of Object.entries(figures)) process.stdout.write(`${String(figure).padStart(7)}  ${name}\n`)
}

/**
 * The sources of the core that one call of this kind enters, in that order.
 * @param {string} kind
 * @param {string} checkout
 * @returns {string[]}
 */
export function enteredBy(kind, checkout) {
  const env = { ...process.env, SECONDPASS_CALL: kind, CO_API_KEY: '', NODE_OPTIONS: '' }
  const { stdout, stderr } = spawnSync(process.execPath, [here, checkout], { env, encoding: 'utf8' })
  if (stdout === '') throw new Error(`the call of ${kind} failed: ${stderr}`)
  return JSON.parse(stdout)
}

/**
 * Paths under a folder of sources: files under 40 lines that one other file imports.
 * @param {string} source
 * @returns {string[]}
 */
export function smallFiles(source) {
  const importers = importersOf(source)
  return sourcesOf(source).filter((path) => linesOf(join(source, path)) < 40 && importers.get(path)?.size === 1)
}

function sourcesOf(/** @type {string} */ source) {
  const paths = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  return paths.map((path) => path.replaceAll('\\', '/'))
}

function importersOf(/** @type {string} */ source) {
  /** @type {Map<string, Set<string>>} */
  const importers = new Map()
  for (const path of sourcesOf(source)) {
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

function linesOf(/** @type {string} */ file) {
  return readFileSync(file, 'utf8').split('\n').length - 1
}

function codeLines(/** @type {string} */ file) {
  const text = readFileSync(file, 'utf8')
  const bare = text.replaceAll(/^\s*(\/\*[\s\S]*?\*\/|\/\/.*)\s*$/gm, '')
  return bare.split('\n').filter((line) => line.trim() !== '').length
}

/**
 * How many values and types a front door names.
 * @param {string} door
 * @returns {number}
 */
export function exportsOf(door) {
  if (!existsSync(door)) return 0
  const text = readFileSync(door, 'utf8')
  const names = [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list]) => (list ?? '').split(','))
  return names.filter((name) => name.trim() !== '').length
}
