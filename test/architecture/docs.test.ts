import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

const pagesIn = (folder: string, recursive = false): string[] =>
  readdirSync(join(root, folder), { recursive, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && file !== 'CHANGELOG.md')
    .map((file) => join(folder, file))

/** Every page that a person reads, as paths from the root. */
const pages = [
  ...['.', 'bench', 'bench/results', 'examples', 'examples/browser', 'training'].flatMap((folder) => pagesIn(folder)),
  ...readdirSync(join(root, 'packages')).flatMap((name) => pagesIn(join('packages', name))),
  ...pagesIn('docs', true),
]

const withoutCode = (text: string): string =>
  text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').replaceAll(/`[^`\n]*`/g, 'x')

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8').replaceAll(/^ *```[\s\S]*?^ *```/gm, '')
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** What a link of a page misses: its file, or the heading in it. */
function fault(page: string, link: string): string | undefined {
  const [target = '', anchor] = link.split('#')
  const path = target === '' ? join(root, page) : join(root, dirname(page), target)
  if (!existsSync(path)) return `${page}: ${link}`
  if (anchor !== undefined && !anchorsOf(path).includes(anchor)) return `${page}: ${link}, no such heading`
  return undefined
}

it('the first screen is short: README.md has at most 15 KB', () => {
  expect(statSync(join(root, 'README.md')).size).toBeLessThanOrEqual(15 * 1024)
})

describe('links', () => {
  it('lead to files and headings that are there', () => {
    const faults = pages.flatMap((page) =>
      [...withoutCode(readFileSync(join(root, page), 'utf8')).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, link = '']) => link)
        .filter((link) => !/^(https?|mailto):/.test(link))
        .map((link) => fault(page, link))
        .filter((one) => one !== undefined),
    )
    expect(faults).toEqual([])
  })

  it('lead from the README to every page of the docs, in two steps at most', () => {
    const linked = (page: string): string[] =>
      [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#\s]+)/g)]
        .map(([, target = '']) => join(dirname(page), target))
        .filter((target) => target.endsWith('.md') && existsSync(join(root, target)))
    const near = linked('README.md')
    const reached = new Set([...near, ...near.flatMap(linked)].map((path) => relative('.', path)))
    expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([])
  })
})

it('measured tables are those of the results and of the card', () => {
  const ended = spawnSync(process.execPath, ['bench/figures.mjs', '--check'], { cwd: root, encoding: 'utf8' })
  expect({ status: ended.status, stderr: ended.stderr }).toEqual({ status: 0, stderr: '' })
})
