/**
 * Writes the digests of our own models into the core: the sha256 of the SHA256SUMS of each `packages/model-*`, under its
 * name and version. To be run whenever weights or versions change; `version-packages` does. Earlier versions stay, so that
 * a core still knows the models it was published with.
 *
 *   node packages/core/digests.mjs [--check]      --check: ends with 1 when the core is not up to date
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const packages = new URL('../', import.meta.url)
const target = new URL('./src/score/cross-encoder/model-source.ts', import.meta.url)
const TABLE = /(const publishedSums: Readonly<Record<string, string>> = \{)([^}]*)\}/

const source = readFileSync(target, 'utf8')
const [, , written] = TABLE.exec(source) ?? []
if (written === undefined) throw new Error(`${fileURLToPath(target)} has no table publishedSums`)

const known = new Map([...written.matchAll(/'([^']+)': '([0-9a-f]{64})'/g)].map(([, name, digest]) => [name, digest]))
for (const folder of readdirSync(packages).filter((name) => name.startsWith('model-'))) {
  const { name, version } = JSON.parse(readFileSync(new URL(`${folder}/package.json`, packages), 'utf8'))
  const sums = readFileSync(new URL(`${folder}/SHA256SUMS`, packages))
  known.set(`${name}@${version}`, createHash('sha256').update(sums).digest('hex'))
}

const lines = [...known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, digest]) => `  '${name}': '${digest}',\n`)
const updated = source.replace(TABLE, (_, start) => `${start}\n${lines.join('')}}`)
if (process.argv.includes('--check')) {
  if (updated !== source) {
    console.error('The core does not know the present models: run "node packages/core/digests.mjs".')
    process.exit(1)
  }
} else if (updated !== source) {
  writeFileSync(target, updated)
}
