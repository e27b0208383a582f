import { resolve } from 'node:path'
import type { Fetch } from '../../base/call.js'
import { pause, systemClock } from '../../base/clock.js'
import { trimEndWhile } from '../../base/check.js'
import { type Environment, hubCacheFolder, type HubOptions, hubUrl, isOffline, setting, tokenOf } from './settings.js'

/** {@link HubOptions} with every default filled in from the environment. */
export interface HubSettings {
  /** Without a slash at the end. */
  readonly endpoint: string
  readonly token: string | undefined
  readonly cacheFolder: string
  readonly offline: boolean
  readonly fetch: Fetch
  /** The longest silence of a server before a request is given up, in milliseconds. */
  readonly silenceMs: number
  /** How long the questions which commit and which files may take together, in milliseconds. */
  readonly listingMs: number
  /** A download that brings less than `bytes` in `everyMs` is given up. */
  readonly slowest: { readonly bytes: number; readonly everyMs: number }
  /** Waits between two tries; rejects when the signal aborts. */
  wait(delayMs: number, signal?: AbortSignal): Promise<void>
}

const PUBLIC_HUB = 'https://huggingface.co'

/** As in Python; `HF_HUB_DOWNLOAD_TIMEOUT` sets another, in seconds. */
const SILENCE_MS = 10_000

/** A listing of ten thousand files takes a few seconds. */
const LISTING_MS = 120_000

/** About one kilobyte a second: what drips on like that is no download. */
const SLOWEST = { bytes: 1 << 16, everyMs: 60_000 }

/** Reads the environment once, at the beginning of a download. */
export async function hubSettings(hub: HubOptions = {}): Promise<HubSettings> {
  const { env } = process
  const seconds = Number(setting(env, 'HF_HUB_DOWNLOAD_TIMEOUT'))
  const given = hub.endpoint ?? setting(env, 'HF_ENDPOINT') ?? PUBLIC_HUB
  const endpoint = trimEndWhile(given, (unit) => unit === '/')
  hubUrl(hub.endpoint === undefined ? 'HF_ENDPOINT' : 'hub.endpoint', endpoint)
  return {
    endpoint,
    token: hub.token ?? tokenOf(env),
    cacheFolder: hub.cacheFolder === undefined ? hubCacheFolder(env) : resolve(hub.cacheFolder),
    offline: hub.offline ?? isOffline(env),
    fetch: hub.fetch ?? (await defaultFetch()),
    silenceMs: seconds > 0 ? seconds * 1000 : SILENCE_MS,
    listingMs: LISTING_MS,
    slowest: SLOWEST,
    wait: (delayMs, signal) => pause(delayMs, { clock: systemClock, signal }),
  }
}

/** The proxy that the environment names, if it names one. */
function proxyOf(env: Environment = process.env): string | undefined {
  return ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].map((name) => env[name]).find(Boolean)
}

/**
 * The `fetch` to use when the caller passes none. The `fetch` of Node.js reads no proxy from the environment, unless it is
 * told to (`NODE_USE_ENV_PROXY=1`, from 22.21 and 24) or the program has set a dispatcher of its own; undici's does, so
 * it is used where a proxy is named and the package is installed. Without it the direct way is tried.
 */
export async function defaultFetch(): Promise<Fetch> {
  const direct: Fetch = (url, init) => fetch(url, init)
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
  const flags = [...process.execArgv, ...(env['NODE_OPTIONS'] ?? '').split(/\s+/)]
  const isTold = env['NODE_USE_ENV_PROXY'] === '1' || flags.includes('--use-env-proxy')
  return (canReadIt && isTold) || hasOwnDispatcher()
}

/** undici keeps the dispatcher of the process under this symbol; the one it makes itself is an `Agent`. */
function hasOwnDispatcher(): boolean {
  const kept = (globalThis as Record<symbol, unknown>)[Symbol.for('undici.globalDispatcher.1')]
  return typeof kept === 'object' && kept !== null && kept.constructor.name !== 'Agent'
}

/** What to add to the error of a connection that failed although a proxy is named. */
export function proxyHint(): string {
  if (proxyOf() === undefined || readsProxyItself()) return ''
  return '; a proxy is named in the environment: "npm install undici" lets downloads use it, as does NODE_USE_ENV_PROXY=1 on Node.js 22.21 or 24 and newer'
}
