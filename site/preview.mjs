// Serves the built site: node site/preview.mjs [--port 4173], after node site/build.mjs.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { exit } from 'node:process'
import { parseArgs } from 'node:util'
import { serve } from '../examples/browser/serve.mjs'

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } })
const folder = join(import.meta.dirname, 'dist/site')
if (!existsSync(folder)) {
  console.error('There is no site yet: run `node site/build.mjs` first.')
  exit(1)
}
const { url } = await serve(folder, { port: Number(values.port) })
console.log(`${url} (end with Ctrl+C)`)
