// @ts-check
/**
 * Writes what each package promises to those who use it, one file of declarations for each entry point, without comments:
 * a change of the public interface is a change of these files, and is seen in review.
 *
 *     node api/report.mjs            after tsc --build
 *     node api/report.mjs --check    ends with 1 when they are not up to date
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import ts from 'typescript'

const here = import.meta.dirname
const packages = join(here, '../packages')

/** Every entry point with types: the file that its report goes into, and where its declarations stand. */
export function entryPoints() {
  return readdirSync(packages).flatMap((name) => {
    const manifest = join(packages, name, 'package.json')
    if (!existsSync(manifest)) return []
    /** @type {{ exports?: Record<string, string | { types?: string }> }} */
    const { exports = {} } = JSON.parse(readFileSync(manifest, 'utf8'))
    return Object.entries(exports).flatMap(([path, target]) => {
      if (typeof target === 'string' || target.types === undefined) return []
      const report = path === '.' ? name : `${name}-${basename(path)}`
      return [{ report: `${report}.d.ts`, folder: join(packages, name), types: target.types }]
    })
  })
}

/**
 * The declarations behind an entry point, as one text.
 *
 * @param {{ folder: string, types: string }} entry
 */
export async function reportOf({ folder, types }) {
  const bundle = await rollup({
    input: join(folder, types),
    external: (id) => !/^[./#]/.test(id),
    plugins: [
      {
        name: 'own-imports',
        resolveId: (id) => (id.startsWith('#node/') ? join(folder, 'dist', `${id.slice('#node/'.length)}.d.ts`) : null),
      },
      dts(),
    ],
    onwarn: (warning) => {
      // The other packages of a declaration are theirs to report.
      if (warning.code !== 'UNRESOLVED_IMPORT' && warning.code !== 'UNUSED_EXTERNAL_IMPORT')
        throw new Error(warning.message)
    },
  })
  const { output } = await bundle.generate({ format: 'es' })
  await bundle.close()
  const [{ code }] = output
  const file = ts.createSourceFile('report.d.ts', code, ts.ScriptTarget.Latest, true)
  return ts.createPrinter({ removeComments: true }).printFile(file)
}

if (process.argv[1] === import.meta.filename) {
  const isCheck = process.argv.includes('--check')
  for (const entry of entryPoints()) {
    const path = join(here, entry.report)
    const [before, after] = [existsSync(path) ? readFileSync(path, 'utf8') : '', await reportOf(entry)]
    if (before === after) continue
    if (isCheck) {
      console.error(
        `${entry.report} is not what the package exports now: run \`node api/report.mjs\` and look at the change`,
      )
      process.exitCode = 1
    } else {
      writeFileSync(path, after)
      console.log(`${entry.report} was written`)
    }
  }
}
