import { createHash, randomUUID } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { sha256Of } from '../../hub/layout.js'
import { hubHome } from '../../hub/settings.js'

/** What is written is another when this is: the next load makes graphs anew. */
const WRITER_VERSION = 1

/** What a graph is made of. */
export interface LeanSource {
  /** The folder of the model, and the files in it that the graph depends on. */
  readonly path: string
  readonly graphPath: string
  readonly dtype: 'fp32' | 'int8'
  /** What comes out, which files outside these may decide. */
  readonly output: string
}

/** What is known of a source: its graph, with the sum of the file, or why there is none. */
export type Verdict = { readonly sha256: string } | { readonly refused: string }

/** A place for the graph of one source, whoever asks. */
export interface Place {
  readonly graphPath: string
  /** Nothing where the graph was not made yet, or its file is damaged or gone. */
  read(): Promise<Verdict | undefined>
  /** Writes a graph, so that no process ever sees half of it. @throws what the file system says. */
  write(graph: Uint8Array): Promise<void>
  refuse(reason: string): Promise<void>
}

/** Where the graph of a source is, by the sums of its files. */
export async function placeFor(source: LeanSource): Promise<Place> {
  const folder = cacheFolderFor(source.path)
  const name = await fingerprintOf(source)
  const graphPath = join(folder, `${name}.onnx`)
  const verdictPath = join(folder, `${name}.json`)
  const note = (verdict: Verdict): Promise<void> =>
    putFile(verdictPath, `${JSON.stringify({ ...verdict, of: basename(source.graphPath), dtype: source.dtype })}\n`)
  return {
    graphPath,
    async read() {
      try {
        const verdict = JSON.parse(await readFile(verdictPath, 'utf8')) as Verdict
        if ('refused' in verdict) return verdict
        return verdict.sha256 === (await sha256Of(graphPath)) ? verdict : undefined
      } catch {
        // Not there, or not whole: it is made again.
        return undefined
      }
    },
    async write(graph) {
      await putFile(graphPath, graph)
      await note({ sha256: createHash('sha256').update(graph).digest('hex') })
    },
    refuse: (refused) => note({ refused }),
  }
}

/** Writes a file and the folder that it is in, so that no process ever sees half of it. @throws what the file system says. */
export async function putFile(file: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const made = `${file}.${randomUUID().slice(0, 8)}.tmp`
  try {
    await writeFile(made, content)
    await rename(made, file)
  } catch (error) {
    await rm(made, { force: true }).catch(() => {})
    // On Windows a file that is open cannot be replaced; then it is another process's, and as good.
    if (!existsSync(file)) throw error
  }
}

/**
 * Where what was made of a model is kept: beside the snapshots of a model of the hub, so that it goes when the model is
 * removed; else in Hugging Face's home.
 */
export function cacheFolderFor(path: string): string {
  const repo = dirname(dirname(path))
  const isInCache = basename(dirname(path)) === 'snapshots' && basename(repo).startsWith('models--')
  return isInCache ? join(repo, 'secondpass') : join(hubHome(), 'secondpass')
}

async function fingerprintOf({ path, graphPath, dtype, output }: LeanSource): Promise<string> {
  const hash = createHash('sha256').update([WRITER_VERSION, dtype, ...(output === 'logits' ? [] : [output])].join(':'))
  for (const file of [join(path, 'config.json'), graphPath]) hash.update(await sumOf(file))
  return hash.digest('hex').slice(0, 32)
}

/** The name of a blob of the hub is its sum, which was checked before. */
async function sumOf(file: string): Promise<string> {
  const real = realpathSync(file)
  const isBlob = basename(dirname(real)) === 'blobs' && /^[0-9a-f]{64}$/.test(basename(real))
  return isBlob ? basename(real) : sha256Of(file)
}
