import { checkFunction, checkOptions } from '../../checks.js'
import { invalidArgument } from '../../errors.js'

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
