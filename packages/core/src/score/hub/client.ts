import { systemClock, waitFor } from '../../base/clock.js'
import { ProviderError, RerankError } from '../../base/errors.js'
import { redact } from '../../base/redact.js'
import { boundedAnswer, type HubContext, hubFetch, secretsOf } from './http.js'
import { isPlainName } from './layout.js'
import { isCommit } from './settings.js'

/** One file of a repository, with the sum its contents must have. */
export interface HubFile {
  readonly path: string
  readonly size: number
  /** Its name in the cache: the sha256 of a large file, the git object id of a small one. */
  readonly etag: string
}

/** What a download asks of the hub. */
export interface HubClient {
  /** The commit that the revision means now. */
  commit(): Promise<string>
  files(commit: string): Promise<HubFile[]>
  /** The bytes of a file from `start` on. */
  read(file: HubFile, commit: string, start: number): AsyncIterable<Uint8Array>
}

/**
 * Opens the hub's official client. The only file that knows it: which commit, which files, which bytes. What it does to
 * the disk is not used, because it begins every file anew, checks no sums and lets two processes write one file.
 *
 * @throws RerankError `'runtime'` when `@huggingface/hub` is not installed.
 */
export async function openHub(context: HubContext): Promise<HubClient> {
  const { settings, request } = context
  const hub = await loadClient()
  const repo = { type: 'model' as const, name: request.repo }
  const hubUrl = settings.endpoint
  const common = { hubUrl, fetch: hubFetch(context) }
  return {
    async commit() {
      if (isCommit(request.revision)) return request.revision
      const asked = { hubUrl, name: request.repo, revision: request.revision, additionalFields: ['sha' as const] }
      const { sha } = await understood(context, (fetch) => hub.modelInfo({ ...asked, fetch }))
      if (typeof sha === 'string' && isCommit(sha)) return sha
      throw badAnswer(context, `no commit for ${request.revision}`)
    },
    async files(commit) {
      const asked = { hubUrl, repo, revision: commit, recursive: true }
      const entries = await understood(context, (fetch) => all(context, hub.listFiles({ ...asked, fetch })))
      return entries.filter(({ type }) => type === 'file').map((entry) => readEntry(context, entry))
    },
    async *read({ path, size, etag }, commit, start) {
      const place = path.split('/').map(encodeURIComponent).join('/')
      const url = `${settings.endpoint}/${request.repo}/resolve/${commit}/${place}`
      let failure: unknown
      const fetch: typeof common.fetch = (input, init) =>
        common.fetch(input, init).catch((error: unknown) => {
          throw (failure = error)
        })
      // The listing has told all that the client would ask for first. Its own protocol for large files is left aside: it
      // fetches in pieces that it holds in memory, and the plain way can go on from any byte.
      const params = { ...common, fetch, repo, path, downloadInfo: { size, etag, url }, xet: false }
      const blob = await hub.downloadFile(params)
      if (blob === null) throw badAnswer(context, `nothing for ${path}`)
      try {
        yield* blob.slice(start).stream() as unknown as AsyncIterable<Uint8Array>
      } catch (error) {
        // The client keeps of an error only its message.
        throw failure ?? error
      }
    },
  }
}

type Entry = Pick<import('@huggingface/hub').ListFileEntry, 'path' | 'size' | 'oid' | 'lfs'>

function readEntry(context: HubContext, { path, size: ownSize, oid, lfs }: Entry): HubFile {
  const etag = lfs?.oid ?? oid ?? ''
  const size: unknown = lfs?.size ?? ownSize
  if (typeof path !== 'string') throw badAnswer(context, 'a file without a name')
  if (!isPlainName(etag)) throw badAnswer(context, `a sum that is none for ${path.slice(0, 200)}`)
  if (Number.isSafeInteger(size) && (size as number) >= 0) return { path, size: size as number, etag }
  throw badAnswer(context, `a size that is none for ${path.slice(0, 200)}`)
}

/** Far more than models have. What lists on and on is no repository. */
const MOST_FILES = 100_000
const MOST_ANSWERS = 1000

/** `Array.fromAsync` is not in Node.js 20. */
async function all<T>(context: HubContext, source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of source) {
    if (found.length >= MOST_FILES) throw badAnswer(context, `a list of more than ${MOST_FILES} files`)
    found.push(one)
  }
  return found
}

/**
 * Asks a question, within bounds of time, of answers, and of bytes. What the client says of an answer that it cannot read,
 * a page of a proxy say, is about its own insides.
 */
async function understood<T>(context: HubContext, ask: (fetch: typeof globalThis.fetch) => Promise<T>): Promise<T> {
  const { settings, signal } = context
  const late = (): Error => badAnswer(context, `no whole answer within ${settings.listingMs / 1000} seconds`, true)
  try {
    return await waitFor((inner) => ask(boundedFetch({ ...context, signal: inner })), {
      signal,
      clock: systemClock,
      deadline: systemClock.now() + settings.listingMs,
      deadlineError: late,
    })
  } catch (error) {
    signal.throwIfAborted()
    if (RerankError.is(error)) throw error
    const said = redact((error as Error).message, secretsOf(settings)).slice(0, 200)
    throw badAnswer(context, `an answer that cannot be read (${said})`)
  }
}

/** The `fetch` of one question: a list comes in several answers. */
function boundedFetch(context: HubContext): typeof fetch {
  const ask = hubFetch(context)
  let answers = 0
  return async (input, init) => {
    answers += 1
    if (answers > MOST_ANSWERS) throw badAnswer(context, `a list in more than ${MOST_ANSWERS} parts`)
    return boundedAnswer(await ask(input, init), () => badAnswer(context, 'a list that is too long'))
  }
}

async function loadClient(): Promise<typeof import('@huggingface/hub')> {
  try {
    return await import('@huggingface/hub')
  } catch (cause) {
    const fix = 'run "npm install @huggingface/hub", or pass the path of a folder that has the model'
    throw new RerankError('runtime', `Downloading a model needs the package @huggingface/hub: ${fix}.`, { cause })
  }
}

/** @param retryable whether it may pass by itself: a complete model in the cache is then good enough */
function badAnswer({ settings, request }: HubContext, what: string, retryable: boolean = false): ProviderError {
  const message = `The hub at ${new URL(settings.endpoint).host} gave ${what} of ${request.repo}: check HF_ENDPOINT.`
  return new ProviderError(message, { provider: 'hub', retryable })
}
