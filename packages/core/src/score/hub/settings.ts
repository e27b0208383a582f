import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { checkFunction, checkOptions } from '../../base/check.js'
import { invalidArgument } from '../../base/errors.js'

/** The part of `fetch` that downloads use. */
export type HubFetch = (url: string, init: RequestInit) => Promise<Response>

/** How the hub is reached. Everything here has the default that Python's `huggingface_hub` has. */
export interface HubOptions {
  /** Where the hub is. Default: `HF_ENDPOINT`, else the public hub. */
  readonly endpoint?: string
  /** Sent to the endpoint, and to no other host. Default: `HF_TOKEN`, else the file that `hf auth login` writes. */
  readonly token?: string
  /**
   * Where the cache is. Default: `HF_HUB_CACHE`, else `HF_HOME/hub`, else `XDG_CACHE_HOME/huggingface/hub`, else
   * `~/.cache/huggingface/hub`.
   */
  readonly cacheFolder?: string
  /** `true`: no request is made. Default: whether `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE` is on. */
  readonly offline?: boolean
  /** In place of the `fetch` of Node.js: for a proxy, certificates or tests. */
  readonly fetch?: HubFetch
}

/** @throws RerankError `'invalid-argument'` for the first option that is wrong. */
export function checkHubOptions(hub: HubOptions): void {
  checkOptions('hub', hub, ['endpoint', 'token', 'cacheFolder', 'offline', 'fetch'])
  const { endpoint, token, cacheFolder, offline, fetch } = hub
  if (endpoint !== undefined && !(URL.canParse(endpoint) && /^https?:/.test(endpoint))) {
    throw invalidArgument('hub.endpoint', endpoint, 'pass a URL that begins with http:// or https://')
  }
  // The value of a token is shown to nobody.
  if (token !== undefined && (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)))
    throw invalidArgument('hub.token', typeof token, 'pass the token without spaces, or leave it out')
  if (cacheFolder !== undefined && (typeof cacheFolder !== 'string' || cacheFolder.trim() === ''))
    throw invalidArgument('hub.cacheFolder', cacheFolder, 'pass the path of a folder')
  if (offline !== undefined && typeof offline !== 'boolean')
    throw invalidArgument('hub.offline', offline, 'pass true or false')
  if (fetch !== undefined) checkFunction('hub.fetch', fetch)
}

/** @throws RerankError `'invalid-argument'` for what can be no branch, tag or commit. */
export function checkRevision(revision: unknown): void {
  const isName = typeof revision === 'string' && /^(?![/.-])[\w./-]{1,200}(?<![/.])$/.test(revision)
  if (isName && !revision.includes('..') && !revision.includes('//')) return
  throw invalidArgument('revision', revision, "pass a branch, a tag or the 40 hex digits of a commit; default 'main'")
}

/** Whether a revision is a whole commit, which never means anything else later. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision)
}

type Environment = Readonly<Record<string, string | undefined>>

/** Where Hugging Face keeps what belongs to a user: `HF_HOME`, else `XDG_CACHE_HOME/huggingface`, else under the home. */
export function hubHome(env: Environment = process.env): string {
  const cache = setting(env, 'XDG_CACHE_HOME') ?? join(homedir(), '.cache')
  return expand(setting(env, 'HF_HOME') ?? join(cache, 'huggingface'), env)
}

/** The cache folder that Python uses, by the same variables: `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME`. */
export function hubCacheFolder(env: Environment = process.env): string {
  const named = setting(env, 'HF_HUB_CACHE') ?? setting(env, 'HUGGINGFACE_HUB_CACHE')
  return named === undefined ? join(hubHome(env), 'hub') : expand(named, env)
}

/** The folder of one model in the cache: `models--organisation--name`. */
export function repoFolder(cacheFolder: string, repo: string): string {
  return join(cacheFolder, `models--${repo.replaceAll('/', '--')}`)
}

/** A variable that is set to something; an empty one counts as not set. */
export function setting(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim()
  return value === undefined || value === '' ? undefined : value
}

/** Whether a variable is switched on, in the spellings that Python takes. */
export function isOn(env: Environment, name: string): boolean {
  return ['1', 'on', 'yes', 'true'].includes(setting(env, name)?.toLowerCase() ?? '')
}

/** Whether the environment forbids requests to the hub. */
export function isOffline(env: Environment = process.env): boolean {
  return isOn(env, 'HF_HUB_OFFLINE') || isOn(env, 'TRANSFORMERS_OFFLINE')
}

/** `~` and `$NAME` as Python expands them; a name that is not set stays as it is. */
function expand(path: string, env: Environment): string {
  const home = path === '~' || /^~[/\\]/.test(path) ? homedir() + path.slice(1) : path
  return resolve(home.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced, bare) => env[braced ?? bare] ?? whole))
}

/** The proxy that the environment names, if it names one. */
export function proxyOf(env: Environment = process.env): string | undefined {
  return ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].map((name) => env[name]).find(Boolean)
}

/**
 * The `fetch` to use when the caller passes none. The `fetch` of Node.js reads no proxy from the environment, unless it is
 * told to (`NODE_USE_ENV_PROXY=1`, from 22.21 and 24) or the program has set a dispatcher of its own; undici's does, so
 * it is used where a proxy is named and the package is installed. Without it the direct way is tried.
 */
export async function defaultFetch(): Promise<HubFetch> {
  const direct: HubFetch = (url, init) => fetch(url, init)
  if (proxyOf() === undefined || readsProxyItself()) return direct
  try {
    const undici = await import('undici')
    const dispatcher = new undici.EnvHttpProxyAgent()
    // The types of the two `fetch` differ where this library does not look.
    return (url, init) =>
      undici.fetch(url, {
        ...(init as unknown as import('undici').RequestInit),
        dispatcher,
      }) as unknown as Promise<Response>
  } catch {
    return direct
  }
}

/** Whether the `fetch` of this process goes through a proxy by itself. */
export function readsProxyItself(env: Environment = process.env, version: string = process.versions.node): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const canReadIt = major >= 24 || (major === 22 && minor >= 21)
  const isTold = env['NODE_USE_ENV_PROXY'] === '1' || /--use-env-proxy/.test(env['NODE_OPTIONS'] ?? '')
  const isTold2 = process.execArgv.includes('--use-env-proxy')
  return (canReadIt && (isTold || isTold2)) || hasDispatcherOfItsOwn()
}

/** undici keeps the dispatcher of the process under this symbol; the one it makes itself is an `Agent`. */
function hasDispatcherOfItsOwn(): boolean {
  const kept = (globalThis as Record<symbol, unknown>)[Symbol.for('undici.globalDispatcher.1')]
  return typeof kept === 'object' && kept !== null && kept.constructor.name !== 'Agent'
}

/** What to add to the error of a connection that failed although a proxy is named. */
export function proxyHint(): string {
  if (proxyOf() === undefined || readsProxyItself()) return ''
  return '; a proxy is named in the environment: "npm install undici" lets downloads use it, as does NODE_USE_ENV_PROXY=1 on Node.js 22.21 or 24 and newer'
}

/** Waits; rejects with the signal's own reason when it aborts. */
export async function sleepFor(delayMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await setTimeout(delayMs, undefined, signal && { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

/** {@link HubOptions} with every default filled in from the environment. */
export interface HubSettings {
  /** Without a slash at the end. */
  readonly endpoint: string
  readonly token: string | undefined
  readonly cacheFolder: string
  readonly offline: boolean
  readonly fetch: HubFetch
  /** The longest silence of a server before a request is given up, in milliseconds. */
  readonly silenceMs: number
  /** Waits between two tries; rejects when the signal aborts. */
  wait(delayMs: number, signal?: AbortSignal): Promise<void>
}

const PUBLIC_HUB = 'https://huggingface.co'

/** As in Python; `HF_HUB_DOWNLOAD_TIMEOUT` sets another, in seconds. */
const SILENCE_MS = 10_000

/** Reads the environment once, at the beginning of a download. */
export async function hubSettings(hub: HubOptions = {}): Promise<HubSettings> {
  const { env } = process
  const seconds = Number(setting(env, 'HF_HUB_DOWNLOAD_TIMEOUT'))
  const endpoint = (hub.endpoint ?? setting(env, 'HF_ENDPOINT') ?? PUBLIC_HUB).replace(/\/+$/, '')
  if (!URL.canParse(endpoint)) throw invalidArgument('HF_ENDPOINT', endpoint, 'set it to a URL, or unset it')
  return {
    endpoint,
    token: hub.token ?? tokenOf(env),
    cacheFolder: hub.cacheFolder === undefined ? hubCacheFolder(env) : resolve(hub.cacheFolder),
    offline: hub.offline ?? isOffline(env),
    fetch: hub.fetch ?? (await defaultFetch()),
    silenceMs: seconds > 0 ? seconds * 1000 : SILENCE_MS,
    wait: sleepFor,
  }
}

/** Whether a token is set and where it comes from, never the token. */
export function tokenSource(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const name = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'].find((variable) => setting(env, variable) !== undefined)
  if (name !== undefined) return name
  return tokenOf(env) === undefined ? undefined : 'file'
}

function tokenOf(env: NodeJS.ProcessEnv): string | undefined {
  const token = setting(env, 'HF_TOKEN') ?? setting(env, 'HUGGING_FACE_HUB_TOKEN')
  if (token !== undefined || isOn(env, 'HF_HUB_DISABLE_IMPLICIT_TOKEN')) return token
  try {
    const text = readFileSync(setting(env, 'HF_TOKEN_PATH') ?? join(hubHome(env), 'token'), 'utf8').trim()
    return text === '' ? undefined : text
  } catch {
    // Most users have no such file.
    return undefined
  }
}
