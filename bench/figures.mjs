/**
 * Copies the tables of the last runs (bench/results/NAME.md) into bench/README.md, between the marks
 * `<!-- NAME -->` and `<!-- /NAME -->`. A run that is not there leaves its place as it is.
 *
 *   node bench/figures.mjs
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from './lib/paths.mjs'

const readme = join(paths.root, 'bench/README.md')
const marked = /(<!-- ([\w-]+) -->\n)[\s\S]*?(<!-- \/\2 -->)/g

const filled = readFileSync(readme, 'utf8').replace(marked, (whole, open, name, close) => {
  const tables = join(paths.results, `${name}.md`)
  if (!existsSync(tables)) return whole
  const [, ...body] = readFileSync(tables, 'utf8').split('\n\n')
  return `${open}\n${body.join('\n\n').trim()}\n\n${close}`
})
writeFileSync(readme, filled)
