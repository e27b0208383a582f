import { spawnSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { sized } from '../fixtures/size.ts'
import { type CliOptions, bin, quote, runCli, runCommand } from './run-cli.ts'

/**
 * Faults put into the real command line, in a process of its own: killed at any change of a file, a full disk, two writers,
 * outputs that are inputs, damaged bytes. Nothing that was there may be lost, and no line may be torn.
 */
const faults = sized(30, 2000)
/** How many cases are under way at once. */
const lanes = sized(1, 4)
const injector = pathToFileURL(join(import.meta.dirname, 'fault-injector.mjs')).href
const scorer = `
export default { id: 'length', scope: 'pair', score: async (_query, texts) => texts.map((text) => text.length % 7) }
`

/** The same numbers each time (mulberry32), so that a failure can be looked at. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** Invented queries with ids of 64 bits. */
const queries = Array.from({ length: 14 }, (_, at) => {
  const candidates = Array.from({ length: 4 }, (_unused, place) => {
    const text = `${'lamp '.repeat((at * 5 + place * 3) % 11)}no ${place}`
    return `{"id":"d${place}","text":"${text}","label":${place === at % 4 ? 1 : 0},"page":44900123456789${at}${place}}`
  })
  return `{"id":"q${at}","query":"where is lamp ${at}","candidates":[${candidates.join(',')}]}\n`
})
const input = queries.join('')

const folder = mkdtempSync(join(tmpdir(), 'secondpass-faults-'))
const mounts: string[] = []
afterAll(() => {
  for (const mount of mounts) spawnSync('umount', [mount])
  rmSync(folder, { recursive: true, force: true })
})
let folders = 0

/** A folder for one case, with the input and a scorer. */
function newPlace(): (name: string) => string {
  const own = join(folder, String(folders++))
  mkdirSync(own)
  writeFileSync(join(own, 'in.jsonl'), input)
  writeFileSync(join(own, 'scorer.mjs'), scorer)
  return (name) => join(own, name)
}

type At = (name: string) => string
type Ended = Awaited<ReturnType<typeof runCli>>

/** A command that grows a file by lines, or replaces one, and what it gives when nothing disturbs it. */
interface Job {
  readonly args: (at: At) => string[]
  /** The file that grows; what was there stays there. */
  readonly grows: string
  /** Files that are replaced whole: old or new, and nothing between. */
  readonly replaced: readonly string[]
}

const base = (at: At, command: string): string[] => [command, '--scorer', at('scorer.mjs'), '--input', at('in.jsonl')]
const jobs: Readonly<Record<string, Job>> = {
  rerank: { args: (at) => [...base(at, 'rerank'), '--output', at('out')], grows: 'out', replaced: [] },
  label: { args: (at) => [...base(at, 'label'), '--output', at('out')], grows: 'out', replaced: [] },
  eval: {
    args: (at) => [...base(at, 'eval'), '--state', at('state'), '--save-run', at('run'), '--metrics', 'MRR'],
    grows: 'state',
    replaced: ['run'],
  },
  calibrate: {
    args: (at) => [...base(at, 'calibrate'), '--state', at('state'), '--output', at('calibration')],
    grows: 'state',
    replaced: ['calibration'],
  },
}

const OLD = 'what stood there before\n'
const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf('\n') + 1)
const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')
/** All but the times that were measured. */
const settled = (text: string): string =>
  text.replaceAll(/"durationMs":[\d.e-]+/g, '').replaceAll(/"\w*[aA]t":"[^"]*"/g, '')

const counts = { faults: 0, lost: 0, torn: 0 }
/** How the disturbed processes ended, to see that they were. */
const endings: Record<string, number> = {}

/** Counts faults that took effect in one run. */
function count(kind: string, { exitCode, signal }: Ended, by = 1): void {
  counts.faults += by
  const ending = `${kind} ${signal ?? exitCode}`
  endings[ending] = (endings[ending] ?? 0) + by
}

const complaints: string[] = []
function complain(what: string, kind: 'lost' | 'torn' = 'lost'): void {
  counts[kind] += 1
  if (complaints.length < 20) complaints.push(what)
}

/** No stack, no error of the system as it is: one sentence for a person. */
function checkWords({ exitCode, signal, stderr }: Ended, what: string): void {
  if (signal === null && /\n\s+at |unexpected|Error:/.test(stderr)) complain(`${what}: ${exitCode} ${stderr}`)
}

/** What a job does when nothing disturbs it: the files that it leaves, and how often it changes one on the way. */
interface Reference {
  readonly files: ReadonlyMap<string, string>
  readonly changes: number
}

const references = new Map<string, Promise<Reference>>()

function referenceOf(name: string): Promise<Reference> {
  const reference = references.get(name) ?? undisturbed(name)
  references.set(name, reference)
  return reference
}

async function undisturbed(name: string): Promise<Reference> {
  const [at, { args, grows, replaced }] = [newPlace(), jobs[name] as Job]
  const { exitCode, stderr } = await withFault(args(at), { kind: 'count', at: 0 })
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' })
  const files = new Map([grows, ...replaced].map((file) => [file, settled(read(at(file)))]))
  return { files, changes: Number(/\[(\d+) changes\]/.exec(stderr)?.[1]) }
}

/** Runs a job with a fault, again and again, each time a little further; then to its end. */
async function interrupted(name: string, seed: number): Promise<void> {
  const random = randomFrom(seed)
  const [at, job, { files: reference, changes }] = [newPlace(), jobs[name] as Job, await referenceOf(name)]
  for (const file of job.replaced) writeFileSync(at(file), OLD)
  let before = ''
  for (let time = 0; time < 6; time++) {
    const kind = ['kill', 'killAfter', 'killHalf', 'full', 'SIGTERM', 'ulimit'][random(6)] as string
    const what = `${name}, seed ${seed}, time ${time}, ${kind}`
    const ended = await disturbed(job.args(at), kind, { random, at: 1 + random(Math.ceil(changes / 3)) })
    // It was done before the fault could come.
    if (ended.exitCode === 0) break
    count(kind, ended)
    checkWords(ended, what)
    const now = read(at(job.grows))
    if (!now.startsWith(before)) complain(`${what}: lines are lost`)
    if (!settled(reference.get(job.grows) ?? '').startsWith(settled(wholeLines(now)))) complain(`${what}: other lines`)
    if (ended.signal === null && now !== wholeLines(now)) complain(`${what}: a torn line`, 'torn')
    before = wholeLines(now)
    for (const file of job.replaced) {
      const text = settled(read(at(file)))
      if (text !== OLD && text !== reference.get(file)) complain(`${what}: ${file} is neither old nor new`, 'torn')
    }
  }
  const last = await runCli(job.args(at))
  if (last.exitCode !== 0) complain(`${name}, seed ${seed}: it does not go on: ${last.stderr}`)
  for (const [file, text] of reference) {
    if (settled(read(at(file))) !== text) complain(`${name}, seed ${seed}: ${file} is not what one run writes`)
  }
  const left = readdirSync(at('.')).filter((file) => /\.(?:lock|part)/.test(file))
  if (left.length > 0) complain(`${name}, seed ${seed}: ${left.join(' ')} is left`)
}

function disturbed(
  args: readonly string[],
  kind: string,
  { random, at }: { readonly random: (below: number) => number; readonly at: number },
): Promise<Ended> {
  // bash counts in blocks of 1024 bytes.
  if (kind === 'ulimit')
    return runCommand(['bash', '-c', `ulimit -f ${1 + random(6)}; exec ${quote([process.execPath, bin, ...args])}`])
  if (kind === 'SIGTERM') return runCli(args, { kill: { at: 'queries', signal: 'SIGTERM' } })
  return withFault(args, { kind, at })
}

function withFault(args: readonly string[], fault: object, options: CliOptions = {}): Promise<Ended> {
  return runCli(args, { ...options, nodeArgs: ['--import', injector], env: { FAULT: JSON.stringify(fault) } })
}

/** What is begun anew stays until the new one is whole. */
async function overwritten(seed: number): Promise<void> {
  const random = randomFrom(seed)
  const [at, { files, changes }] = [newPlace(), await referenceOf('rerank')]
  const reference = files.get('out') as string
  const args = (jobs['rerank'] as Job).args(at)
  await runCli([...args, '--ids-only'])
  const old = read(at('out'))
  for (let time = 0; time < 4; time++) {
    const kind = ['kill', 'killAfter', 'killHalf', 'full'][random(4)] as string
    const ended = await withFault(time === 0 ? [...args, '--overwrite'] : args, {
      kind,
      at: 1 + random(changes),
    })
    // Ended with 2: nothing was begun anew yet, and the old output has other options.
    if (ended.exitCode !== 0 && ended.exitCode !== 2) count('overwrite', ended)
    checkWords(ended, `overwrite, seed ${seed}`)
    const now = read(at('out'))
    if (now !== old && now !== reference) complain(`overwrite, seed ${seed}, time ${time}: neither old nor new`)
  }
  const { exitCode, stderr } = await runCli([...args, '--overwrite'])
  if (exitCode !== 0 || read(at('out')) !== reference) complain(`overwrite, seed ${seed}: ${stderr}`)
}

/** Of two at once, one writes and the other is told so; or they come one after the other. */
async function twoWriters(seed: number): Promise<void> {
  const names = ['rerank', 'label', 'eval'] as const
  const name = names[seed % names.length] as string
  const [at, job, { files: reference }] = [newPlace(), jobs[name] as Job, await referenceOf(name)]
  const both = await Promise.all([runCli(job.args(at)), runCli(job.args(at))])
  for (const ended of both) if (ended.exitCode !== 0) count('two writers', ended)
  const refused = both.filter(({ exitCode }) => exitCode !== 0)
  if (refused.length > 1)
    complain(`two writers, ${name}: both ended with ${refused.map(({ stderr }) => stderr).join()}`)
  for (const { stderr } of refused) {
    if (!stderr.includes('is being written by process')) complain(`two writers, ${name}: ${stderr}`)
  }
  if (settled(read(at(job.grows))) !== reference.get(job.grows)) complain(`two writers, ${name}: another output`)
}

/** Every way to name an input once more, as every output there is. */
async function sameFile(seed: number): Promise<void> {
  const random = randomFrom(seed)
  const at = newPlace()
  linkSync(at('in.jsonl'), at('hard'))
  symlinkSync('in.jsonl', at('soft'))
  mkdirSync(at('sub'))
  const name = ['in.jsonl', 'hard', 'soft', './in.jsonl', 'sub/../soft'][random(5)] as string
  const victim = `${at('.')}/${name}`
  const commands: readonly (readonly string[])[] = [
    [...base(at, 'rerank'), '--output', victim],
    [...base(at, 'rerank'), '--output', victim, '--overwrite'],
    [...base(at, 'label'), '--output', victim],
    ...['--html', '--markdown', '--save-run', '--state'].map((option) => [...base(at, 'eval'), option, victim]),
    [...base(at, 'eval'), '--state', victim, '--restart'],
    [...base(at, 'calibrate'), '--output', victim],
    [...base(at, 'depth'), '--state', victim],
  ]
  const args = commands[random(commands.length)] as string[]
  const ended = await (random(4) === 0 && args[0] === 'rerank'
    ? runCommand(['bash', '-c', `${quote([process.execPath, bin, ...args.with(4, '-')])} < ${quote([at('in.jsonl')])}`])
    : runCli(args))
  count('same file', ended)
  if (ended.exitCode !== 2 || !ended.stderr.includes('it is the input')) complain(`${args.join(' ')}: ${ended.stderr}`)
  if (read(at('in.jsonl')) !== input) complain(`${args.join(' ')}: the input was changed`)
}

/** Damaged lines are left out, counted and named; all others are answered. */
async function badBytes(seed: number): Promise<void> {
  const random = randomFrom(seed)
  const [at, reference] = [newPlace(), (await referenceOf('rerank')).files.get('out') as string]
  const damages: readonly ((line: Buffer) => Buffer)[] = [
    (line) => Buffer.concat([line.subarray(0, 30), Buffer.of(0xff, 0xc0), line.subarray(30)]),
    (line) => line.subarray(0, 40),
    (line) => Buffer.concat([line, Buffer.of(0)]),
    (line) => Buffer.concat([line, Buffer.from('\r{"a":1}')]),
    (line) => Buffer.concat([line.subarray(0, 31), Buffer.of(0xed, 0xa0, 0x80), line.subarray(31)]),
  ]
  const bad = new Set(queries.map((_, line) => line).filter(() => random(4) === 0))
  const lines = queries.map((line, number) => {
    const bytes = Buffer.from(line.trimEnd())
    return Buffer.concat([
      bad.has(number) ? (damages[random(5)] as (typeof damages)[0])(bytes) : bytes,
      Buffer.from('\n'),
    ])
  })
  writeFileSync(at('in.jsonl'), Buffer.concat(lines))
  const args = [...(jobs['rerank'] as Job).args(at), '--bad-lines', 'skip']
  const ended = await runCli(args)
  count('bad bytes, each line', ended, bad.size)
  const { exitCode, stderr } = ended
  const named = [...stderr.matchAll(/left out: .*in\.jsonl, line (\d+): /g)].map(([, number]) => Number(number) - 1)
  const isRight = exitCode === (bad.size > 0 ? 3 : 0) && String(named) === String([...bad])
  const good = reference.split('\n').filter((_, number) => !bad.has(number))
  if (!isRight || read(at('out')) !== good.join('\n')) complain(`bad bytes, seed ${seed}: ${exitCode} ${stderr}`)
}

/** A disk of a few kilobytes, where this user may mount one. */
function smallDisk(): string | undefined {
  const mount = join(folder, `disk-${folders++}`)
  mkdirSync(mount)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20k', 'tmpfs', mount])
  if (status !== 0) return undefined
  mounts.push(mount)
  return mount
}

/** A disk that is really full: whole lines are left, in a file and where stdout was redirected to; then it goes on. */
async function fullDisk(disk: string, name: 'rerank' | 'label'): Promise<void> {
  const [at, job, reference] = [newPlace(), jobs[name] as Job, (await referenceOf(name)).files.get('out') as string]
  const filler = join(disk, 'filler')
  writeFileSync(filler, Buffer.alloc(12 * 1024))
  const onDisk: At = (file) => (file === 'out' ? join(disk, file) : at(file))
  const full = await runCli(job.args(onDisk))
  count('full disk', full)
  const half = read(onDisk('out'))
  if (full.exitCode !== 1 || !full.stderr.includes('the disk is full')) complain(`full disk, ${name}: ${full.stderr}`)
  if (half !== wholeLines(half)) complain(`full disk, ${name}: a torn line`, 'torn')
  if (!reference.startsWith(half)) complain(`full disk, ${name}: other lines`)
  rmSync(filler)
  const rest = await runCli(job.args(onDisk))
  if (rest.exitCode !== 0 || read(onDisk('out')) !== reference) complain(`full disk, ${name}: ${rest.stderr}`)
  for (const file of readdirSync(disk)) rmSync(join(disk, file))
  writeFileSync(filler, Buffer.alloc(16 * 1024))
  const command = `${quote([process.execPath, bin, ...base(at, 'rerank')])} > ${quote([onDisk('out')])}`
  const redirected = await runCommand(['bash', '-c', command])
  count('full stdout', redirected)
  const written = read(onDisk('out'))
  if (redirected.exitCode !== 1 || written !== wholeLines(written)) complain(`stdout: ${redirected.stderr}`, 'torn')
  for (const file of readdirSync(disk)) rmSync(join(disk, file))
}

describe('faults put into the command line', () => {
  it(`lose and tear no line (${faults} of them)`, async () => {
    const started = performance.now()
    let seed = 0
    const lane = async (disk: string | undefined): Promise<void> => {
      while (counts.faults < faults) {
        const own = ++seed
        for (const name of Object.keys(jobs)) await interrupted(name, own)
        await overwritten(own)
        await twoWriters(own)
        await sameFile(own)
        await badBytes(own)
        if (disk !== undefined && own % 3 === 1) await fullDisk(disk, own % 2 === 0 ? 'rerank' : 'label')
      }
    }
    const disks = Array.from({ length: lanes }, smallDisk)
    await Promise.all(disks.map(lane))
    const seconds = (performance.now() - started) / 1000
    process.stdout.write(
      `${JSON.stringify({ ...counts, endings })} in ${seconds.toFixed(0)} s${disks.includes(undefined) ? ', no small disk' : ''}\n`,
    )
    expect(complaints).toEqual([])
    expect(counts).toMatchObject({ lost: 0, torn: 0 })
  })
})
