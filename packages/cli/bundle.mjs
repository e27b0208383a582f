// @ts-check
/**
 * Merges what draws charts into one file, dist/report/charts.js: Vega comes as 96 packages, most of which an installation
 * would carry for nothing. Runs before the package is packed; a checkout works without it. The licences of what was merged
 * go into THIRD-PARTY-LICENSES.md.
 */
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'

const here = import.meta.dirname
const outfile = join(here, 'dist/report/charts.js')

const { metafile } = await build({
  entryPoints: [join(here, 'src/report/charts.ts')],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  minify: true,
  metafile: true,
  logLevel: 'warning',
  plugins: [
    {
      // Our own files stand beside it, as tsc wrote them.
      name: 'own-files',
      setup: ({ onResolve }) =>
        onResolve({ filter: /^\.\// }, ({ path, importer }) =>
          resolve(importer).startsWith(join(here, 'src')) ? { path, external: true } : undefined,
        ),
    },
  ],
})
// It is of the file that tsc wrote.
rmSync(`${outfile}.map`, { force: true })

/** The folders of the packages that were merged, by name and version. */
const folders = new Map(
  Object.keys(metafile.inputs).flatMap((path) => {
    const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]
    if (folder === undefined) return []
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return [[`${name} ${version}`, { folder, license }]]
  }),
)
const parts = [...folders]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, { folder, license }]) => {
    const file = readdirSync(folder).find((one) => /^licen[cs]e(\.(md|txt))?$/i.test(one))
    // Packages of one repository may leave the text out of each of them; the name of the licence stands all the same.
    const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
    return `## ${name} (${license})\n${text}`
  })
writeFileSync(
  join(here, 'THIRD-PARTY-LICENSES.md'),
  `# What dist/report/charts.js was merged from\n\n${parts.join('\n')}`,
)
