import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { invalidArgument } from '../../errors.js'
import { hubCacheFolder, hubHome, isOffline, isOn, setting } from './cache-folder.js'
import type { HubFetch, HubOptions } from './hub-options.js'
import { defaultFetch } from './proxy.js'
import { sleepFor } from './sleep.js'

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
