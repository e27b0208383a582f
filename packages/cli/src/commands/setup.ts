import { type DoctorOptions, type DoctorReport, doctor, fetchModel } from '@secondpass/core'
import type { Command } from 'commander'
import { type ExitCode, exitCodes, usageError } from '../errors.js'
import { type Io, write, writeStyled } from '../io.js'
import { type Paint, byteSize, painter, table } from '../output/terminal.js'
import { printableLine } from '../printable.js'
import { downloadBar, modelOptions } from '../scorer/model.js'
import { type ModelFlags, withFiles, withModel } from '../scorer/options.js'
import { version } from '../version.js'

const DOCTOR_EXAMPLE = `
Examples:
  secondpass doctor
  secondpass doctor --model ./my-model --providers cuda,cpu --json
  secondpass doctor --model org/name --measure

Downloads nothing, and writes nothing but what --measure keeps in the cache. Ends with 1 when something is wrong.`

type DoctorFlags = ModelFlags & { readonly json?: boolean; readonly measure?: boolean }

/** Adds `secondpass doctor`. */
export function addDoctor(program: Command, io: Io, ended: (code: ExitCode) => void): void {
  const command = program
    .command('doctor')
    .summary('what runs here: for a first look, and for bug reports')
    .description('Looks at machine, runtime, model, cache and environment, and scores one pair.')
    .option('--measure', 'measure which threads, workers and number format pay off here, and keep it')
    .option('--json', 'print JSON')
    .addHelpText('after', DOCTOR_EXAMPLE)
  withModel(command).action(async ({ json, measure = false, ...flags }: DoctorFlags) => {
    const report = await doctor({ ...(modelOptions(flags) as DoctorOptions), measure })
    if (json === true) await write(io, `${JSON.stringify({ cli: version, ...report })}\n`)
    else await writeStyled(io, `${printed(report, painter(io.stdout, io.env))}\n`)
    ended(report.problems.length > 0 ? exitCodes.failed : exitCodes.ok)
  })
}

type FetchFlags = Pick<ModelFlags, 'revision' | 'dtype'> & { readonly json?: boolean; readonly verify?: boolean }

const FETCH_EXAMPLE = `
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
    .option('--verify', 'hold what is in the cache to its sums, and download damaged files again')
    .option('--json', 'print JSON')
    .addHelpText('after', FETCH_EXAMPLE)
  withFiles(command).action(async (model: string, { revision, dtype, json, verify }: FetchFlags) => {
    if (!/^[^/\s]+\/[^/\s]+$/.test(model))
      throw usageError('model', model, 'pass org/name; nothing else needs downloading')
    const bar = downloadBar(io)
    const spec = { ...(revision !== undefined && { revision }), ...(dtype !== undefined && { dtype }) }
    const found = await fetchModel(model, { ...spec, verify, onProgress: bar.tell, signal: io.signal }).finally(
      bar.stop,
    )
    const { id, commit, path, graphPath } = found
    const rows = [
      ['commit', commit],
      ['folder', path],
      ['graph', graphPath],
    ]
    const words = `${printableLine(id)}\n${table(rows, 'left').replaceAll(/^/gm, '  ')}`
    await write(io, `${json === true ? JSON.stringify(found) : words}\n`)
    ended(exitCodes.ok)
  })
}

/** The report for a person. */
function printed(report: DoctorReport, paint: Paint): string {
  const parts: [string, readonly (readonly [string, string])[]][] = [
    ['versions', [['command line', version], ['core', report.secondpass], ...peers(report)]],
    ['machine', machine(report)],
    ['runtime', runtime(report)],
    ['bundled model', bundled(report)],
    ['trial', trial(report)],
    ['measured', measured(report)],
    ['cache of the hub', cache(report)],
    ['environment', Object.entries(report.environment)],
  ]
  const blocks = parts.map(([title, rows]) => {
    const lines = rows.length === 0 ? '  nothing set' : table(rows, 'left').replaceAll(/^/gm, '  ')
    return `${paint('bold', title)}\n${lines}`
  })
  const { problems } = report
  const verdict =
    problems.length === 0
      ? paint('green', 'No problems found.')
      : [
          paint('red', `${problems.length} problem${problems.length === 1 ? '' : 's'}:`),
          ...problems.map(printableLine),
        ].join('\n  ')
  return [...blocks, verdict, ...advised(report, paint)].join('\n\n')
}

/** What would be better: why, and what to do, two lines each. */
function advised({ advice }: DoctorReport, paint: Paint): string[] {
  if (advice.length === 0) return []
  const lines = advice.map(({ reason, action }) => `  ${printableLine(reason)}:\n    ${printableLine(action)}`)
  return [[paint('bold', 'would be better'), ...lines].join('\n')]
}

type Rows = readonly (readonly [string, string])[]

function peers({ tokenizers, peers: optional }: DoctorReport): Rows {
  const all = Object.entries({ '@huggingface/tokenizers': tokenizers, ...optional })
  return all.map(([name, found]) => [name, found ?? 'not installed'])
}

function machine({ machine: found }: DoctorReport): Rows {
  if ('error' in found) return [['unknown', found.error]]
  const { node, platform, arch, osRelease, libc, cpuModel, instructionSets, cores, usableCores } = found
  return [
    ['Node.js', node],
    ['system', [platform, arch, osRelease, libc ?? ''].join(' ').trim()],
    ['processor', cpuModel],
    ['instruction sets', instructionSets?.join(' ') ?? 'the system does not tell'],
    ['cores', `${usableCores} of ${cores} may be used`],
    ['memory', `${byteSize(found.freeMemoryBytes)} of ${byteSize(found.memoryBytes)} free`],
  ]
}

function runtime({ runtime: found }: DoctorReport): Rows {
  if ('error' in found) return [['broken', found.error]]
  return [
    ['onnxruntime-node', found.version],
    ['folder', found.folder],
    ...found.copies
      .filter(({ folder }) => folder !== found.folder)
      .map(({ version: other, folder }): [string, string] => [`also ${other}`, folder]),
    ['providers built in', found.backends.join(' ')],
    ['telemetry', found.telemetry],
  ]
}

function bundled({ model }: DoctorReport): Rows {
  if ('error' in model) return [['broken', model.error]]
  return [
    ['id', model.id],
    ['folder', model.path],
    ['files', model.isIntact ? 'intact' : 'damaged'],
  ]
}

const tokenizerNames: Readonly<Record<string, string>> = {
  wordpiece: 'WordPiece of our own',
  rust: 'tokenizers (Rust)',
  javascript: '@huggingface/tokenizers (JavaScript)',
}

function trial({ trial: found }: DoctorReport): Rows {
  if ('error' in found) return [['failed', found.error]]
  return [
    ['scorer', found.scorerId],
    ['computed by', found.provider],
    ['tokens by', tokenizerNames[found.tokenizer] ?? found.tokenizer],
    ['loaded in', `${found.loadMs.toFixed(0)} ms`],
    ['one short pair', `${found.pairMs.toFixed(1)} ms`],
    ...found.refused.map(({ provider, reason }) => [`not ${provider}`, reason] as const),
  ]
}

function measured({ measured: found }: DoctorReport): Rows {
  if ('error' in found) return [['unknown', found.error]]
  const { limits, threads, workers, dtypes, file } = found
  const sizes = `${limits.cores} cores, ${byteSize(limits.memoryBytes)}; the graph has ${byteSize(limits.graphBytes)}`
  if (file === null)
    return [
      ['limits', sizes],
      ['nothing yet', 'secondpass doctor --measure'],
    ]
  const counts = ({ chosen, reason, steps }: typeof threads, noun: string): string => {
    const times = steps.map(({ count, pairMs }) => `${count}: ${pairMs.toFixed(1)} ms`).join(', ')
    return `${chosen}${times === '' ? '' : ` (${times} a pair)`}, because ${reason}; --${noun} chooses otherwise`
  }
  const formats = dtypes.map(({ dtype, pairMs }) => `${dtype} ${pairMs.toFixed(1)} ms`).join(', ')
  return [
    ['limits', sizes],
    ['threads', counts(threads, 'threads')],
    ['workers', counts(workers, 'workers')],
    ...(dtypes.length === 0 ? [] : [['number formats', `${formats} a pair; --dtype chooses`] as const]),
    ['kept in', file ?? 'nowhere: the cache cannot be written'],
  ]
}

function cache({ cache: found }: DoctorReport): Rows {
  if ('error' in found) return [['unknown', found.error]]
  return [
    ['folder', found.folder],
    ['models', `${found.models.length}, ${byteSize(found.bytes)}`],
    ...found.models.map(({ model, bytes, unfinishedBytes }) => {
      const unfinished = unfinishedBytes === 0 ? '' : `, ${byteSize(unfinishedBytes)} of them unfinished`
      return [`  ${model}`, `${byteSize(bytes)}${unfinished}`] as const
    }),
  ]
}
