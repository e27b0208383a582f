/** The part of `fetch` that is used. */
type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Variables of a process, by name. */
type Environment = Readonly<Record<string, string | undefined>>

/** The proxy that the environment names, if it names one. */
function proxyOf(env: Environment = process.env): string | undefined {
  return PROXIES.slice(0, 4)
    .map((name) => env[name])
    .find(Boolean)
}

const PROXIES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy']

let lastUsed: { readonly named: string; readonly dispatcher: import('undici').EnvHttpProxyAgent } | undefined

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
    // Kept for the proxies that were named then: each has connections of its own.
    const named = PROXIES.map((name) => process.env[name]).join()
    if (lastUsed?.named !== named) lastUsed = { named, dispatcher: new undici.EnvHttpProxyAgent() }
    const { dispatcher } = lastUsed
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
  return '; a proxy is named in the environment: "npm install undici" lets this library use it, as does NODE_USE_ENV_PROXY=1 on Node.js 22.21 or 24 and newer'
}
