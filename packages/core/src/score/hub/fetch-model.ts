import { randomUUID } from 'node:crypto'
import { mkdir, rename, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ProviderError, RerankError } from '../../base/errors.js'
import {
  besideGraph,
  type CachedModel,
  cachedSnapshot,
  findInCache,
  type HubModel,
  markerFolder,
  type Snapshot,
} from './cache.js'
import { type HubClient, type HubFile, openHub } from './client.js'
import { explainDisk, isThere, showBlob } from './disk.js'
import { downloadBlob } from './download.js'
import { type HubContext, offlineError } from './http.js'
import { checkSafeName, chooseGraph, externalFiles, graphCandidates, optionalFiles, requiredFiles } from './layout.js'
import { hubSettings, type HubSettings, isCommit, repoFolder } from './settings.js'

/** How far a download has come. Given often: show it, do not log it. */
export interface DownloadProgress {
  /** The model, as it was named. */
  readonly model: string
  /** The file under way, by its path in the repository. */
  readonly file: string
  /** Bytes of this file that are on disk. Falls back when a damaged file is begun anew. */
  readonly fileBytes: number
  /** Size of this file in bytes. */
  readonly fileTotal: number
  /** Bytes of all files of this download that are on disk, this one included. */
  readonly bytes: number
  /** Size in bytes of all files of this download that are known of so far. Weights beside a graph join late. */
  readonly total: number
}

/** Called while files are downloaded; never for files that are in the cache. What it throws is swallowed. */
export type OnProgress = (progress: DownloadProgress) => void

/** How a download is watched and stopped. */
export interface FetchCall {
  readonly onProgress?: OnProgress | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes a model of the hub complete in the cache: the graph that is wanted, the weights beside it, the tokenizer and the
 * small files that change numbers; nothing else. Asks the hub which commit the revision means now. Where the hub cannot
 * be reached, what is in the cache has to do.
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
    const isUnreachable = ProviderError.is(error) && error.retryable
    const found = isUnreachable ? findInCache(model, true) : undefined
    if (found === undefined) throw error
    return found
  }
}

async function download(
  model: HubModel,
  settings: Awaited<ReturnType<typeof hubSettings>>,
  call: FetchCall,
): Promise<CachedModel> {
  let graph = ''
  const snapshot = await fetchSnapshot({
    ...call,
    repo: model.repo,
    revision: model.revision,
    settings,
    maybe: [...optionalFiles, ...graphCandidates(model.graph)],
    choose(paths) {
      const there = new Set(paths)
      const place = { name: model.repo, has: (path: string) => there.has(path), graphs: () => onnxOf(paths) }
      graph = chooseGraph(place, model.graph)
      for (const file of requiredFiles) if (!there.has(file)) throw missingFile(model.repo, file)
      // The graph last: small files are there at once, and a look at the cache finds a graph only with what it needs.
      return [...requiredFiles, ...optionalFiles.filter((file) => there.has(file)), graph]
    },
    more: (folder) => externalFiles(join(folder, graph)).map((name) => besideGraph(graph, name)),
  })
  return { ...snapshot, graph }
}

function onnxOf(paths: readonly string[]): string[] {
  return paths.filter((path) => path.endsWith('.onnx'))
}

function missingFile(repo: string, file: string): RerankError {
  const fix =
    file === 'tokenizer.json'
      ? 'its tokenizer was never converted; load it with transformers in Python, save_pretrained() it into a folder, and pass that path'
      : 'it is not a model that transformers wrote; name another one'
  return new RerankError('model-files', `${repo} has no ${file}: ${fix}.`)
}

/** What to bring into the cache. */
export interface SnapshotWish {
  readonly repo: string
  /** A branch, a tag or a commit. */
  readonly revision: string
  readonly settings: HubSettings
  /** The files wanted of all that the commit has, by their paths. May throw to say that something is missing. */
  choose(paths: readonly string[]): readonly string[]
  /** More files, which only show once the others are on disk: the weights beside a graph. */
  more?(folder: string): readonly string[]
  /** Files whose absence is to be remembered, so that nobody has to ask again. */
  readonly maybe?: readonly string[]
  readonly onProgress?: OnProgress | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Brings files of one commit into the cache that Python shares, and gives the folder they are seen in. Only what is
 * missing is downloaded. The name of a branch is set to the commit when everything is there, not before.
 *
 * @throws RerankError that says what to do; ProviderError for what may pass by itself.
 */
export async function fetchSnapshot(wish: SnapshotWish): Promise<Snapshot> {
  const { repo, revision, settings } = wish
  if (settings.offline) throw offlineError(repo, revision, settings.cacheFolder)
  const request = { repo, revision, endpoint: settings.endpoint, hasToken: settings.token !== undefined }
  const context = { settings, request, signal: wish.signal ?? new AbortController().signal }
  const client = await openHub(context)
  const commit = await client.commit()
  const job = new Fetching(wish, context, { client, commit, listing: await client.files(commit) })
  return job.run()
}

interface Found {
  readonly client: HubClient
  readonly commit: string
  readonly listing: readonly HubFile[]
}

class Fetching {
  readonly #folder: string
  readonly #snapshot: Snapshot
  readonly #wanted = new Map<string, HubFile>()
  readonly #done = new Map<string, number>()

  constructor(
    readonly wish: SnapshotWish,
    readonly context: HubContext,
    readonly found: Found,
  ) {
    this.#folder = repoFolder(wish.settings.cacheFolder, wish.repo)
    this.#snapshot = { commit: found.commit, path: join(this.#folder, 'snapshots', found.commit) }
  }

  async run(): Promise<Snapshot> {
    const { wish, found } = this
    try {
      await this.#bring(wish.choose(found.listing.map(({ path }) => path)))
      await this.#bring(wish.more?.(this.#snapshot.path) ?? [])
      await this.#nameCommit()
    } catch (error) {
      throw explainDisk(error, wish.repo, this.#folder)
    }
    // Only saves a question next time; a cache that may only be read, and has everything, is good enough.
    await this.#rememberAbsent().catch(() => {})
    return this.#snapshot
  }

  async #bring(paths: readonly string[]): Promise<void> {
    const files = paths.map((path) => this.#fileOf(path)).filter(({ path }) => !this.#wanted.has(path))
    for (const file of files) this.#wanted.set(file.path, file)
    await this.#checkSpace(files)
    for (const file of files) await this.#bringOne(file)
  }

  #fileOf(path: string): HubFile {
    checkSafeName(path)
    const file = this.found.listing.find((listed) => listed.path === path)
    if (file !== undefined) return file
    const fix = 'the repository is not complete; tell its owner, or use another model'
    throw new RerankError('model-files', `${this.wish.repo} has no ${path}, which its graph names: ${fix}.`)
  }

  async #bringOne(file: HubFile): Promise<void> {
    const pointer = join(this.#snapshot.path, ...file.path.split('/'))
    const blob = join(this.#folder, 'blobs', file.etag)
    if (!(await isThere(pointer))) {
      const lock = join(dirname(this.#folder), '.locks', repoFolder('', this.wish.repo), `${file.etag}.secondpass`)
      const onBytes = (bytes: number): void => this.#tell(file, bytes)
      const { client, commit } = this.found
      if (!(await isThere(blob)))
        await downloadBlob({ client, commit, context: this.context, file, blob, lock, onBytes })
      await showBlob(blob, pointer)
    }
    this.#done.set(file.path, file.size)
  }

  #tell(file: HubFile, fileBytes: number): void {
    this.#done.set(file.path, fileBytes)
    const sum = (sizes: Iterable<number>): number => [...sizes].reduce((total, size) => total + size, 0)
    const total = sum([...this.#wanted.values()].map(({ size }) => size))
    const { repo: model, onProgress } = this.wish
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
    throw new RerankError('model-files', `${this.wish.repo} ${sizes}: ${fix}.`)
  }

  async #rememberAbsent(): Promise<void> {
    const there = new Set(this.found.listing.map(({ path }) => path))
    for (const path of this.wish.maybe ?? []) {
      if (there.has(path)) continue
      const marker = join(markerFolder(this.#snapshot), ...path.split('/'))
      await mkdir(dirname(marker), { recursive: true })
      await writeFile(marker, '')
    }
  }

  async #nameCommit(): Promise<void> {
    const { revision } = this.wish
    const known = cachedSnapshot(this.wish.settings.cacheFolder, this.wish.repo, revision)
    if (isCommit(revision) || known?.commit === this.found.commit) return
    const ref = join(this.#folder, 'refs', ...revision.split('/'))
    await mkdir(dirname(ref), { recursive: true })
    const made = `${ref}.${randomUUID().slice(0, 8)}.tmp`
    await writeFile(made, this.found.commit)
    await rename(made, ref)
  }
}
