import type { HubFetch } from './hub-options.js'

type Environment = Readonly<Record<string, string | undefined>>

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
