import { tokenSource } from '../score/files/hub-settings.js'

/** Shown as they are. */
const PLAIN =
  /^(HF_HOME|HF_HUB_\w+|HUGGINGFACE_HUB_CACHE|XDG_CACHE_HOME|TRANSFORMERS_OFFLINE|ORT_\w+|ONNXRUNTIME_\w+|OMP_NUM_THREADS|UV_THREADPOOL_SIZE|NODE_USE_ENV_PROXY|CI)$/
/** Addresses, which may hold a name and a password. */
const ADDRESS = /^(HF_ENDPOINT|(https?|all)_proxy)$/i

/** The variables that change what this library does, in the order of the alphabet. */
export function environmentReport(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of Object.keys(env).toSorted()) {
    const value = env[name]
    if (value === undefined || value === '') continue
    if (/^no_proxy$/i.test(name) || (PLAIN.test(name) && !/TOKEN|SECRET|KEY/.test(name))) found[name] = value
    if (ADDRESS.test(name)) found[name] = withoutUser(value)
    // Flags may carry anything, a certificate's password included; their names are what a report needs.
    if (name === 'NODE_OPTIONS') found[name] = value.replaceAll(/=\S+/g, '=…')
  }
  const token = tokenSource(env)
  return token === undefined ? found : { ...found, 'token for the hub': `set (${token})` }
}

function withoutUser(address: string): string {
  if (!URL.canParse(address)) return 'set, but not a URL'
  const { protocol, host } = new URL(address)
  return `${protocol}//${host}`
}
