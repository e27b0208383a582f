// Builds what is published: the newest release at the root, the last patch of each minor release under /vX.Y/, and the
// present state under /next/. Before the first release the present state is the root.
//
//   node site/publish.mjs [--out FOLDER] [--base /secondpass/] [--dry-run]
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { argv, execPath, exit } from 'node:process'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(import.meta.dirname, '..')

/**
 * Which copies there are: where each goes below the base, and of which tag it is; without a tag, of the present state.
 *
 * @param {readonly string[]} tags of the repository, in any order
 * @returns {{ path: string, tag?: string }[]} the deepest paths last, so that none removes another
 */
export function copiesOf(tags) {
  const releases = tags
    .map((tag) => /^v(\d+)\.(\d+)\.(\d+)$/.exec(tag))
    .filter((found) => found !== null)
    .map((found) => ({ tag: found[0], parts: found.slice(1).map(Number) }))
    .sort((a, b) => compare(b.parts, a.parts))
  const [newest] = releases
  if (newest === undefined) return [{ path: '' }]
  /** @type {Map<string, string>} */
  const minors = new Map()
  for (const { tag, parts } of releases) {
    const minor = `v${parts[0]}.${parts[1]}/`
    if (!minors.has(minor)) minors.set(minor, tag)
  }
  return [{ path: '', tag: newest.tag }, { path: 'next/' }, ...[...minors].map(([path, tag]) => ({ path, tag }))]
}

/** @type {(a: readonly number[], b: readonly number[]) => number} */
function compare(a, b) {
  const at = a.findIndex((part, index) => part !== b[index])
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}

/** @type {(command: readonly string[], cwd: string) => string} */
function must([file = '', ...args], cwd) {
  const { status, stdout } = spawnSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (status !== 0) exit(status ?? 1)
  return stdout
}

/** A release is built by its own tools; one that was made before there was a site has none. */
function buildCopy(
  /** @type {{ path: string, tag?: string }} */ { path, tag },
  /** @type {{ out: string, base: string }} */ to,
) {
  const checkout = mkdtempSync(join(tmpdir(), 'secondpass-docs-'))
  try {
    const commit = tag ?? 'HEAD'
    if (tag !== undefined && must(['git', 'ls-tree', commit, 'site/build.mjs'], root) === '') return
    must(['git', 'worktree', 'add', '--detach', checkout, commit], root)
    const pnpm = ['npx', '--yes', '--prefer-offline', 'pnpm@12.21.0']
    must([...pnpm, 'install', '--frozen-lockfile'], checkout)
    must([...pnpm, 'build'], checkout)
    const where = ['--out', join(resolve(to.out), path), '--base', `${to.base}${path}`, '--ref', tag ?? 'main']
    must([execPath, 'site/build.mjs', ...where], checkout)
  } finally {
    must(['git', 'worktree', 'remove', '--force', checkout], root)
    rmSync(checkout, { recursive: true, force: true })
  }
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(import.meta.dirname, 'dist/pages') },
      base: { type: 'string', default: '/' },
      'dry-run': { type: 'boolean', default: false },
    },
  })
  const copies = copiesOf(must(['git', 'tag'], root).split('\n'))
  for (const copy of copies) console.log(`${values.base}${copy.path} of ${copy.tag ?? 'the present state'}`)
  if (!values['dry-run']) {
    mkdirSync(values.out, { recursive: true })
    for (const copy of copies) buildCopy(copy, values)
  }
}
