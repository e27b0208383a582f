import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

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
