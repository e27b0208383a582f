// Which pages of the repository the site shows, where, and how the links between them are turned.
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'

const GITHUB = 'https://github.com/secondpass/secondpass'

/**
 * Every page that the site shows: its path in the repository, and its path on the site without `.md`. Pages have the same
 * text in both places; only where a link leads is changed.
 *
 * @param {string} repository
 * @returns {Map<string, string>}
 */
export function pagesOf(repository) {
  const docs = readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.md'))
  const packages = readdirSync(join(repository, 'packages')).flatMap((name) =>
    ['README.md', 'CARD.md', 'CHANGELOG.md']
      .filter((file) => statSync(join(repository, 'packages', name, file), { throwIfNoEntry: false }) !== undefined)
      .map((file) => [
        `packages/${name}/${file}`,
        `packages/${name}${file === 'README.md' ? '/index' : `/${file.slice(0, -3).toLowerCase()}`}`,
      ]),
  )
  return new Map(
    /** @type {[string, string][]} */ ([
      ['README.md', 'index'],
      ...docs.map((file) => [`docs/${file}`, file.slice(0, -3).replace(/README$/, 'index')]),
      ...packages,
      ...['SECURITY', 'CONTRIBUTING', 'CODE_OF_CONDUCT', 'DESIGN'].map((name) => [`${name}.md`, name.toLowerCase()]),
    ]),
  )
}

const VERSIONS = `---
editLink: false
---

# Versions

The number at the top says which release this copy of the pages belongs to. The newest release is at the root of the site; each
earlier minor release keeps its copy under its number, \`/v1.2/\`, as it was at its last patch. Of the time before the first
release there is one copy, of the branch \`main\`.

What changed between them is in the changelog of each package, for example [that of the core](${GITHUB}/blob/main/packages/core/CHANGELOG.md); what
will be in the next one is in [.changeset](${GITHUB}/tree/main/.changeset). [Support](/support) says for how long a release is mended.
`

/** @param {{ repository: string, folder: string, ref: string }} where */
export function writePages({ repository, folder, ref }) {
  const pages = pagesOf(repository)
  writeFileSync(join(folder, 'versions.md'), VERSIONS)
  for (const [source, target] of pages) {
    const text = readFileSync(join(repository, source), 'utf8')
    const page = drawn(turnLinks(text, source, { pages, repository, ref }), repository, source)
    const path = join(folder, `${target}.md`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, source === 'README.md' ? frontPage(page) : `${frontMatter(source, ref)}${page}`)
  }
}

/** Fenced and inline code, which holds no links. */
const CODE = /^ *```[\s\S]*?^ *```|`[^`\n]+`/gm

/**
 * Links to pages of the site lead there, all others into the repository.
 *
 * @param {string} text
 * @param {string} source the page's path in the repository
 * @param {{ pages: Map<string, string>, repository: string, ref: string }} site
 */
export function turnLinks(text, source, { pages, repository, ref }) {
  const turn = (/** @type {string} */ link) => {
    if (/^(https?:|mailto:|#)/.test(link)) return link
    const [target = '', anchor] = link.split('#')
    const path = posix.normalize(posix.join(posix.dirname(source), target)).replace(/\/$/, '')
    const hash = anchor === undefined ? '' : `#${anchor}`
    const page = pages.get(path) ?? pages.get(posix.join(path, 'README.md'))
    if (page !== undefined) return `/${page.replace(/(^|\/)index$/, '$1')}${hash}`
    const kind = statSync(join(repository, path)).isDirectory() ? 'tree' : 'blob'
    return `${GITHUB}/${kind}/${ref}/${path}${hash}`
  }
  const turnAll = (/** @type {string} */ part) =>
    part.replaceAll(/\]\(([^)\s]+\.svg)\)|\]\(([^)\s]+)\)/g, (whole, picture, link) =>
      picture ? whole : `](${turn(link)})`,
    )
  let done = ''
  let at = 0
  for (const code of text.matchAll(CODE)) {
    // A link whose words are code is one all the same: the brackets stand outside.
    done += turnAll(text.slice(at, code.index)) + code[0]
    at = code.index + code[0].length
  }
  return done + turnAll(text.slice(at))
}

/** Drawings stand in the page itself, so that they follow the reader's choice of light or dark. */
function drawn(/** @type {string} */ page, /** @type {string} */ repository, /** @type {string} */ source) {
  return page.replaceAll(/^!\[([^\]]*)\]\(([^)\s]+\.svg)\)$/gm, (_, words, file) => {
    const svg = readFileSync(join(repository, dirname(source), file), 'utf8').replaceAll(/^\s*\n/gm, '')
    // Its own colours are for GitHub, where it is a picture; here it takes those of the page.
    const bare = svg.trim().replace(/<style>.*?<\/style>\n?/s, '')
    return `<figure class="drawing" tabindex="0" role="group" aria-label="${words}">\n${bare}\n</figure>`
  })
}

function frontMatter(/** @type {string} */ source, /** @type {string} */ ref) {
  return `---\nsource: ${GITHUB}/edit/${ref === 'main' ? 'main' : ref}/${source}\n---\n\n`
}

/** The README is the front page: what it says first stands as large as a front page says it. */
function frontPage(/** @type {string} */ readme) {
  const [, name = '', rest = ''] = /^# (.+)\n([\s\S]*)$/.exec(readme) ?? []
  const [lead = ''] = rest.trim().split('\n\n')
  const [tagline = ''] = lead.split(/(?<=\.) /)
  const hero = {
    name,
    text: 'The passages that answer, on top',
    tagline,
    actions: [
      { theme: 'brand', text: 'Start here', link: '/tutorials/plain' },
      { theme: 'alt', text: 'Try it in this browser', link: '/try/', target: '_self' },
      { theme: 'alt', text: 'Which scorer?', link: '/deciding' },
    ],
  }
  // JSON is YAML.
  return `---\nlayout: home\nhero: ${JSON.stringify(hero)}\n---\n\n${rest.trim().slice(tagline.length).trim()}\n`
}
