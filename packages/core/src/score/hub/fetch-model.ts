import { randomUUID } from 'node:crypto'
import { mkdir, rename, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ProviderError, RerankError } from '../../base/errors.js'
import {
  besideGraph,
  type CachedModel,
  cachedSnapshot,
  configIn,
  findInCache,
  type HubModel,
  markerFolder,
  type Snapshot,
} from './cache.js'
import { type HubClient, type HubFile, openHub } from './client.js'
import { hubSettings, type HubSettings } from './connection.js'
import { explainDisk, isThere, showBlob } from './disk.js'
import { downloadBlob } from './download.js'
import { type HubContext, offlineError } from './http.js'
import {
  checkSafeName,
  chooseGraph,
  externalFiles,
  graphCandidates,
  type LeanBasis,
  leanBasisOf,
  moduleFiles,
  optionalFiles,
  requiredFiles,
} from './layout.js'
import { isCommit, repoFolder } from './settings.js'

/** Progress of a download. Reported often: show it, do not log it. */
export interface DownloadProgress {
  /** The model, as it was named. */
  readonly model: string
  /** The file being downloaded, by its path in the repository. */
  readonly file: string
  /** Bytes of this file that are on disk. Drops when a damaged file is downloaded again. */
  readonly fileBytes: number
  /** Size of this file in bytes. */
  readonly fileTotal: number
  /** Bytes of all files of this download that are on disk, this one included. */
  readonly bytes: number
  /** Size in bytes of all files of this download that are known of so far. Weights beside a graph are added late. */
  readonly total: number
}

/** Called while files are downloaded; never for files that are in the cache. What it throws is ignored. */
export type OnProgress = (progress: DownloadProgress) => void

/** How a download is watched and stopped. */
export interface FetchCall {
  readonly onProgress?: OnProgress | undefined
  readonly signal?: AbortSignal | undefined
  /** Whether files that are in the cache are held to their sums, and those that are damaged downloaded again. */
  readonly verify?: boolean | undefined
}

/**
 * Makes a model of the hub complete in the cache: the graph that is wanted, the weights beside it, the tokenizer and the
 * small files that change numbers; nothing else. Asks the hub which commit the revision means now. When the hub cannot
 * be reached, or `@huggingface/hub` is not installed, a complete model in the cache is used.
 *
 * @throws RerankError that says what to do; ProviderError for what may pass by itself.
 */
export async function fetchHubModel(model: HubModel, call: FetchCall = {}): Promise<CachedModel> {
  const settings = await hubSettings(model.hub)
  const cached = settings.offline ? findInCache(model, true) : undefined
  if (cached !== undefined) return cached
  try {
    return await download(model, settings, call)
  } catch (error) {
    call.signal?.throwIfAborted()
    // Without the client nothing can be asked, and what Python has left in the cache may be all that is needed.
    const isWithoutClient = RerankError.is(error) && error.code === 'runtime'
    const isUnreachable = isWithoutClient || (ProviderError.is(error) && error.retryable)
    const found = isUnreachable ? findInCache(model, true) : undefined
    if (found === undefined) throw error
    return found
  }
}

async function download(
  model: HubModel,
  settings: HubSettings,
  { onProgress, signal, verify = false }: FetchCall,
): Promise<CachedModel> {
  const { repo, revision } = model
  if (settings.offline) throw offlineError(repo, revision, settings.cacheFolder)
  const request = { repo, revision, endpoint: settings.endpoint, hasToken: settings.token !== undefined }
  const context = { settings, request, signal: signal ?? new AbortController().signal }
  const client = await openHub(context)
  const commit = await client.commit()
  const listing = await client.files(commit)
  return new Download({ model, context, client, commit, listing, onProgress, verify }).run()
}

function missingFile(repo: string, file: string): RerankError {
  const fix =
    file === 'tokenizer.json'
      ? 'its tokenizer was never converted; load it with transformers in Python, save_pretrained() it into a folder, and pass that path'
      : 'it is not a model that transformers wrote; name another one'
  return new RerankError('model-files', `${repo} has no ${file}: ${fix}.`)
}

/** One commit of a model, and what the hub says is in it. */
interface Listed {
  readonly model: HubModel
  readonly context: HubContext
  readonly client: HubClient
  readonly commit: string
  readonly listing: readonly HubFile[]
  readonly onProgress: OnProgress | undefined
  readonly verify: boolean
}

/**
 * Brings the files of one commit into the cache that Python shares. Only what is missing is downloaded. The name of a
 * branch is set to the commit when everything is there, not before.
 */
class Download {
  readonly #listed: Listed
  readonly #there: ReadonlySet<string>
  readonly #folder: string
  readonly #snapshot: Snapshot
  readonly #wanted = new Map<string, HubFile>()
  readonly #done = new Map<string, number>()

  constructor(listed: Listed) {
    const { model, context, commit, listing } = listed
    this.#listed = listed
    this.#there = new Set(listing.map(({ path }) => path))
    this.#folder = repoFolder(context.settings.cacheFolder, model.repo)
    this.#snapshot = { commit, path: join(this.#folder, 'snapshots', commit) }
  }

  async run(): Promise<CachedModel> {
    const { repo } = this.#listed.model
    try {
      this.#checkRequired()
      // What says which other files there are to bring. The graph last: small files are there at once, and a look at the
      // cache finds a graph only with what it needs.
      const small = [...requiredFiles, ...optionalFiles]
      await this.#bring(['config.json', 'modules.json'].filter((file) => this.#there.has(file)))
      const graph = this.#chooseGraph()
      const ofModules = moduleFiles(this.#snapshot.path)
      await this.#bring([...[...small, ...ofModules].filter((file) => this.#there.has(file)), graph])
      // Which weights lie beside a graph only shows once it is on disk.
      await this.#bring(externalFiles(join(this.#snapshot.path, graph)).map((name) => besideGraph(graph, name)))
      await this.#nameCommit()
      // Only saves a question next time; a cache that may only be read, and has everything, is good enough.
      await this.#rememberAbsent().catch(() => {})
      return { ...this.#snapshot, graph }
    } catch (error) {
      throw explainDisk(error, repo, this.#folder)
    }
  }

  #chooseGraph(): string {
    const { repo, graph } = this.#listed.model
    const graphs = (): string[] => [...this.#there].filter((path) => path.endsWith('.onnx'))
    const leanBasis = (): LeanBasis | undefined => leanBasisOf(configIn(this.#snapshot.path))
    return chooseGraph({ name: repo, has: (path) => this.#there.has(path), graphs, leanBasis }, graph)
  }

  #checkRequired(): void {
    const { repo } = this.#listed.model
    for (const file of requiredFiles) if (!this.#there.has(file)) throw missingFile(repo, file)
  }

  async #bring(paths: readonly string[]): Promise<void> {
    const files = paths.map((path) => this.#fileOf(path)).filter(({ path }) => !this.#wanted.has(path))
    for (const file of files) this.#wanted.set(file.path, file)
    await this.#checkSpace(files)
    for (const file of files) await this.#bringOne(file)
  }

  #fileOf(path: string): HubFile {
    checkSafeName(path)
    const file = this.#listed.listing.find((listed) => listed.path === path)
    if (file !== undefined) return file
    const fix = 'the repository is not complete; tell its owner, or use another model'
    throw new RerankError('model-files', `${this.#listed.model.repo} has no ${path}, which its graph names: ${fix}.`)
  }

  async #bringOne(file: HubFile): Promise<void> {
    const pointer = join(this.#snapshot.path, file.path)
    const blob = join(this.#folder, 'blobs', file.etag)
    const { verify } = this.#listed
    if (verify || !(await isThere(pointer))) {
      const { client, commit, context, model } = this.#listed
      const lock = join(dirname(this.#folder), '.locks', repoFolder('', model.repo), `${file.etag}.secondpass`)
      const onBytes = (bytes: number): void => this.#tell(file, bytes)
      const spec = { client, commit, context, file, blob, lock, onBytes, verify }
      if (verify || !(await isThere(blob))) await downloadBlob(spec)
      await showBlob(blob, pointer)
    }
    this.#done.set(file.path, file.size)
  }

  #tell(file: HubFile, fileBytes: number): void {
    this.#done.set(file.path, fileBytes)
    const sum = (sizes: Iterable<number>): number => [...sizes].reduce((total, size) => total + size, 0)
    const total = sum([...this.#wanted.values()].map(({ size }) => size))
    const { onProgress } = this.#listed
    const { repo: model } = this.#listed.model
    try {
      onProgress?.({ model, file: file.path, fileBytes, fileTotal: file.size, bytes: sum(this.#done.values()), total })
    } catch {
      // A progress bar that fails must not cost the download.
    }
  }

  /** Says that it will not fit before anything is written. */
  async #checkSpace(files: readonly HubFile[]): Promise<void> {
    const missing: number[] = []
    for (const { etag, size } of files) if (!(await isThere(join(this.#folder, 'blobs', etag)))) missing.push(size)
    const needed = missing.reduce((sum, size) => sum + size, 0)
    if (needed === 0) return
    await mkdir(this.#folder, { recursive: true })
    const { bavail, bsize } = await statfs(this.#folder)
    // Some network disks tell nothing.
    if (bsize === 0 || bavail === 0 || needed <= bavail * bsize) return
    const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`
    const fix = 'free some space, or set HF_HOME to a folder on another disk'
    const sizes = `needs ${megabytes(needed)}, and ${this.#folder} has ${megabytes(bavail * bsize)} left`
    throw new RerankError('model-files', `${this.#listed.model.repo} ${sizes}: ${fix}.`)
  }

  async #rememberAbsent(): Promise<void> {
    const small = [...optionalFiles, ...moduleFiles(this.#snapshot.path)]
    const { graph } = this.#listed.model
    const candidates = graphCandidates(graph, graph.lean === true ? 'graph or weights' : undefined)
    for (const path of [...small, ...candidates]) {
      if (this.#there.has(path)) continue
      const marker = join(markerFolder(this.#snapshot), path)
      await mkdir(dirname(marker), { recursive: true })
      await writeFile(marker, '')
    }
  }

  async #nameCommit(): Promise<void> {
    const { model, context, commit } = this.#listed
    const { repo, revision } = model
    const known = cachedSnapshot(context.settings.cacheFolder, repo, revision)
    if (isCommit(revision) || known?.commit === commit) return
    const ref = join(this.#folder, 'refs', revision)
    await mkdir(dirname(ref), { recursive: true })
    const made = `${ref}.${randomUUID().slice(0, 8)}.tmp`
    await writeFile(made, commit)
    await rename(made, ref)
  }
}
