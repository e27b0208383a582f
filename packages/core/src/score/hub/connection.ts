import { resolve } from 'node:path'
import type { Fetch } from '../../base/call.js'
import { pause, systemClock } from '../../base/clock.js'
import { trimEndWhile } from '../../base/check.js'
import { defaultFetch } from '../../base/proxy.js'
import { hubCacheFolder, type HubOptions, hubUrl, isOffline, setting, tokenOf } from './settings.js'

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
