// Builds the documentation site from the pages as they are in the repository:
//
//   node site/build.mjs [--out FOLDER] [--base /secondpass/] [--ref v0.1.0] [--repository FOLDER]
//
// The generator is no part of the workspace, since it is 155 MB that neither the demo nor the tests need: the first build
// installs it here, by the lockfile beside this file.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { argv, env, execPath, exit } from 'node:process'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { writeApi } from './api.mjs'
import { messagesPage } from './messages.mjs'
import { writePages } from './pages.mjs'

const here = import.meta.dirname

/**
 * @typedef {object} Site
 * @property {string} repository the checkout whose pages are shown, built (`pnpm build`)
 * @property {string} out where the finished site goes
 * @property {string} base the path that the site is served at
 * @property {string} ref the branch or tag that links into the repository lead to
 */

/** The mark of the site: a list in which the last has come first. */
const MARK = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f6f78"/><g fill="#fff"><rect x="7" y="7" width="18" height="5" rx="1.5"/><rect x="7" y="15" width="12" height="3" rx="1.5" opacity=".7"/><rect x="7" y="21" width="14" height="3" rx="1.5" opacity=".7"/></g></svg>`

/** @param {Site} site */
export async function buildSite({ repository, out, base, ref }) {
  install(repository)
  // Beside it, not in it, however its path ends: the generator empties the folder that it writes into.
  const work = `${resolve(out)}.work`
  rmSync(work, { recursive: true, force: true })
  rmSync(out, { recursive: true, force: true })
  mkdirSync(join(work, 'public'), { recursive: true })
  writePages({ repository, folder: work, ref })
  writeFileSync(join(work, 'error-messages.md'), await messagesPage(repository))
  writeFileSync(join(work, 'public/mark.svg'), MARK)
  await writeApi({ repository, folder: join(work, 'api'), ref })
  await addBrowserPage(repository, join(work, 'public/try'))
  cpSync(join(here, '.vitepress'), join(work, '.vitepress'), { recursive: true })
  const { version } = JSON.parse(readFileSync(join(repository, 'packages/core/package.json'), 'utf8'))
  writeFileSync(join(work, 'site.json'), JSON.stringify({ base, ref, version, out: resolve(out) }))
  // What the configuration and the theme import is looked for above them.
  writeFileSync(join(work, 'package.json'), '{"private":true,"type":"module"}')
  linkModules(work)
  const vitepress = join(here, 'node_modules/vitepress/bin/vitepress.js')
  must(spawnSync(execPath, [vitepress, 'build', work], { stdio: 'inherit', env: { ...env, NODE_ENV: 'production' } }))
  rmSync(work, { recursive: true, force: true })
}

/** @param {string} repository */
function install(repository) {
  if (existsSync(join(here, 'node_modules'))) return
  const { packageManager } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
  const flags = ['install', '--frozen-lockfile', '--ignore-workspace', '--ignore-scripts']
  const command = ['--yes', '--prefer-offline', packageManager, ...flags]
  must(spawnSync('npx', command, { cwd: here, stdio: 'inherit', shell: process.platform === 'win32' }))
}

/** @param {string} work */
function linkModules(work) {
  const target = join(work, 'node_modules')
  mkdirSync(target, { recursive: true })
  cpSync(join(here, 'node_modules/vitepress'), join(target, 'vitepress'), { recursive: true, verbatimSymlinks: false })
  // What pages are compiled to imports it, and it stands beside the generator only.
  const vue = join(dirname(realpathSync(join(here, 'node_modules/vitepress'))), 'vue')
  symlinkSync(realpathSync(vue), join(target, 'vue'), 'junction')
}

/** The page that reranks in the reader's browser, with the files of both models. */
async function addBrowserPage(/** @type {string} */ repository, /** @type {string} */ folder) {
  const { buildPage } = await import(pathToFileURL(join(repository, 'examples/browser/build.mjs')).href)
  await buildPage(folder)
  const page = join(folder, 'index.html')
  const home = '<main>\n    <p><a href="../">secondpass</a></p>'
  writeFileSync(page, readFileSync(page, 'utf8').replace('<main>', home))
}

/** @param {import('node:child_process').SpawnSyncReturns<Buffer>} ended */
function must({ status, error }) {
  if (error !== undefined) throw error
  if (status !== 0) exit(status ?? 1)
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(here, 'dist/site') },
      base: { type: 'string', default: '/' },
      ref: { type: 'string', default: 'main' },
      repository: { type: 'string', default: join(here, '..') },
    },
  })
  await buildSite(values)
  console.log(`${values.out}: look at it with node site/preview.mjs`)
}
