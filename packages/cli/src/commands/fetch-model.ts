import { fetchModel } from '@secondpass/core'
import type { Command } from 'commander'
import { type ExitCode, exitCodes, usageError } from '../errors.js'
import { type Io, write } from '../io.js'
import { downloadBar } from '../scorer/model.js'
import { type ModelFlags, withFiles } from '../scorer/options.js'

type FetchFlags = Pick<ModelFlags, 'revision' | 'dtype'> & { readonly json?: boolean }

const EXAMPLE = `
Examples:
  secondpass fetch-model cross-encoder/ms-marco-MiniLM-L6-v2
  HF_ENDPOINT=https://hub.example.org secondpass fetch-model our/reranker --revision v2 --dtype int8

The cache is the one that Python shares: HF_HOME and HF_HUB_CACHE say where it is, HF_TOKEN opens gated models. A download
that was stopped resumes.`

/** Adds `secondpass fetch-model`. */
export function addFetchModel(program: Command, io: Io, ended: (code: ExitCode) => void): void {
  const command = program
    .command('fetch-model')
    .summary('download a model, so that nothing has to be downloaded later')
    .description('Downloads a cross-encoder from the hub into the cache, checks it, and prints where it is.')
    .argument('<model>', 'org/name')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLE)
  withFiles(command).action(async (model: string, { revision, dtype, json }: FetchFlags) => {
    if (!/^[^/\s]+\/[^/\s]+$/.test(model))
      throw usageError('model', model, 'pass org/name; nothing else needs downloading')
    const bar = downloadBar(io)
    const wish = { ...(revision !== undefined && { revision }), ...(dtype !== undefined && { dtype }) }
    const found = await fetchModel(model, { ...wish, onProgress: bar.tell, signal: io.signal }).finally(bar.stop)
    const words = `${found.id}\n  commit  ${found.commit}\n  folder  ${found.path}\n  graph   ${found.graphPath}`
    await write(io.stdout, `${json === true ? JSON.stringify(found) : words}\n`)
    ended(exitCodes.ok)
  })
}
