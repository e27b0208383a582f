import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitepress'
import { navigation } from './navigation.mjs'

const work = join(import.meta.dirname, '..')
const { base, ref, version, out } = JSON.parse(readFileSync(join(work, 'site.json'), 'utf8'))

/** The anchors that GitHub gives headings, so that a link holds in both places. */
const slugify = (text) =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-')

/** The reference has a page for each entry point. */
const reference = ['core', 'core/eval', 'ai-sdk', 'lancedb', 'langchain', 'llamaindex', 'mastra'].map((name) => ({
  text: `@secondpass/${name}`,
  link: `/api/@secondpass/${name}`,
}))

const shown = version === '0.0.0' ? 'not yet released' : `v${version}`

export default defineConfig({
  title: 'secondpass',
  description: 'A reranker for RAG in TypeScript: a cross-encoder inside your Node.js process.',
  lang: 'en',
  base,
  outDir: out,
  cleanUrls: false,
  lastUpdated: false,
  head: [['link', { rel: 'icon', href: `${base}mark.svg`, type: 'image/svg+xml' }]],
  ignoreDeadLinks: [/^\/try\//],
  markdown: {
    anchor: { slugify },
    languageAlias: { mjs: 'js' },
    toc: { slugify },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  vite: { logLevel: 'warn', build: { chunkSizeWarningLimit: 8000 } },
  themeConfig: {
    siteTitle: 'secondpass',
    search: { provider: 'local', options: { detailedView: true } },
    outline: { level: [2, 3] },
    nav: [
      { text: 'Tutorials', link: '/tutorials/', activeMatch: '/tutorials/' },
      { text: 'Guide', link: '/pipeline', activeMatch: '/(?!tutorials|api|try)' },
      { text: 'API', link: '/api/', activeMatch: '/api/' },
      { text: 'Try it', link: '/try/', target: '_self' },
      {
        text: shown,
        items: [
          {
            text: 'Changes',
            link: existsSync(join(work, 'packages/core/changelog.md'))
              ? '/packages/core/changelog'
              : 'https://github.com/secondpass/secondpass/tree/main/.changeset',
          },
          { text: 'Other versions', link: '/versions' },
          { text: 'Support', link: '/support' },
        ],
      },
    ],
    sidebar: {
      '/api/': [{ text: 'API reference', link: '/api/', items: reference }],
      '/': navigation,
    },
    socialLinks: [{ icon: 'github', link: 'https://github.com/secondpass/secondpass' }],
    footer: { message: `Documentation of secondpass ${shown}, Apache-2.0`, copyright: '' },
    editLink: { pattern: ({ frontmatter }) => frontmatter.source, text: 'Change this page' },
    docFooter: { prev: false, next: 'Next' },
  },
  transformPageData(page) {
    if (page.relativePath.startsWith('api/')) page.frontmatter.editLink = false
  },
  ...(ref === 'main' ? {} : { titleTemplate: `:title | secondpass ${shown}` }),
})
