import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Fetch } from '../../base/call.js'
import { callable, type Check, flag, must, record } from '../../base/check.js'
import { invalidArgument, RerankError } from '../../base/errors.js'

/** How the hub is reached. Everything here has the default that Python's `huggingface_hub` has. */
export interface HubOptions {
  /** Where the hub is. Default: `HF_ENDPOINT`, else the public hub. */
  readonly endpoint?: string | undefined
  /** Sent to the endpoint, and to no other host. Default: `HF_TOKEN`, else the file that `hf auth login` writes. */
  readonly token?: string | undefined
  /**
   * Where the cache is. Default: `HF_HUB_CACHE`, else `HF_HOME/hub`, else `XDG_CACHE_HOME/huggingface/hub`, else
   * `~/.cache/huggingface/hub`.
   */
  readonly cacheFolder?: string | undefined
  /** `true`: no request is made. Default: whether `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE` is on. */
  readonly offline?: boolean | undefined
  /** In place of the `fetch` of Node.js: for a proxy, certificates or tests. */
  readonly fetch?: Fetch | undefined
}

/** Where a hub is: a URL without secrets in it. It may hold one all the same, so it is not shown. */
export function hubUrl(name: string, value: unknown): void {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const shown = `${name} is not shown, it may hold a secret`
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new RerankError('invalid-argument', `${shown}: pass a URL that begins with http:// or https://`)
  }
  if (url.username === '' && url.password === '' && url.search === '' && url.hash === '') return
  const fix = 'pass it without user name, password and query; a token goes into HF_TOKEN or hub.token'
  throw new RerankError('invalid-argument', `${shown}: ${fix}`)
}

/** The option `hub`. */
export const hubOptions: Check<HubOptions> = record<HubOptions>({
  endpoint: hubUrl,
  token: (name, token) => {
    if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return
    // The value of a token is shown to nobody.
    throw invalidArgument(name, typeof token, 'pass the token without spaces, or leave it out')
  },
  cacheFolder: must((value) => typeof value === 'string' && value.trim() !== '', 'pass the path of a folder'),
  offline: flag,
  fetch: callable(),
})

/** The option `revision`: what can be a branch, tag or commit. */
export const revisionOption: Check<string> = must((revision) => {
  const isName = typeof revision === 'string' && /^(?![/.-])[\w./-]{1,200}(?<![/.])$/.test(revision)
  return isName && !revision.includes('..') && !revision.includes('//')
}, "pass a branch, a tag or the 40 hex digits of a commit; default 'main'")

/** Whether a revision is a whole commit, which never means anything else later. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision)
}

/** Variables of a process, by name. */
export type Environment = Readonly<Record<string, string | undefined>>

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
function isOn(env: Environment, name: string): boolean {
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

/** Whether a token is set and where it comes from, never the token. */
export function tokenSource(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const name = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'].find((variable) => setting(env, variable) !== undefined)
  if (name !== undefined) return name
  return tokenOf(env) === undefined ? undefined : 'file'
}

/** The token for the hub: a variable, else the file that `hf auth login` writes. */
export function tokenOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
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
