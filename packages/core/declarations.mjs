// @ts-check
/**
 * Writes the declarations of the package in the working directory a second time, below dist/cjs, for TypeScript that
 * compiles to CommonJS: `require` loads these packages, but compilers before 5.8, and the settings `node16` and `node10`
 * in all of them, refuse declarations of ES modules there. The settings of a folder say what kind its files are; `node10`
 * does not know `imports`, so names of that kind become paths. Runs before a package is packed.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'

const dist = join(process.cwd(), 'dist')
const target = join(dist, 'cjs')

rmSync(target, { recursive: true, force: true })
const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
for (const file of files.filter((name) => name.endsWith('.d.ts'))) {
  const up = posix.relative(posix.dirname(file), '.') || '.'
  const text = readFileSync(join(dist, file), 'utf8')
    .replaceAll(/(['"])#node\/([^'"]+)\1/g, (_, quote, path) => `${quote}${up}/${path}.js${quote}`)
    .replace(/^\/\/# sourceMappingURL=.*$/m, '')
  mkdirSync(dirname(join(target, file)), { recursive: true })
  writeFileSync(join(target, file), text)
}
writeFileSync(join(target, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`)
