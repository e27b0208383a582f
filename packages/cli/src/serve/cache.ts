import { type CachedScore, type ScoreCache, type Scorer, withCache } from '@secondpass/core'
import { CliError, misuse, usageError } from '../errors.js'

/** Scores in Redis, shared by all servers that use it. */
export interface SharedCache {
  /** Puts the cache around a scorer. */
  around(scorer: Scorer): Scorer
  close(): Promise<void>
}

/** A score is that of a model and two texts, and never grows old; what nobody asks for any more should go at last. */
const SECONDS_KEPT = 7 * 24 * 60 * 60

/** How long the start waits for Redis before it goes on without. */
const CONNECT_MS = 2000

/**
 * Connects to Redis. One that cannot be reached, now or later, costs time and no answer: the connection is tried again in
 * the background.
 *
 * @param tell told once each time that it is lost
 * @throws CliError for what is no such URL, and when the client is not installed.
 */
export async function connectCache(url: string, tell: (message: string) => void): Promise<SharedCache> {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    // It may hold a password.
    throw usageError('--cache', '(not shown)', 'pass the URL of a Redis, for example redis://127.0.0.1:6379')
  }
  const { createClient } = await import('@redis/client').catch((cause: unknown) => {
    const fix = 'install it beside the command: npm install --global @redis/client'
    throw new CliError(`--cache needs the package @redis/client: ${fix}`, { cause })
  })
  // Without a queue: a command that cannot be sent fails at once, and the text is scored.
  const client = createClient({ url, disableOfflineQueue: true, socket: { connectTimeout: CONNECT_MS } })
  let isTold = false
  client.on('error', (error: Error) => {
    if (!isTold) tell(`the cache cannot be reached, which costs time only (${nameOf(error)})`)
    isTold = true
  })
  client.on('ready', () => (isTold = false))
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CONNECT_MS)))
  await Promise.race([client.connect().catch(() => undefined), late])
  clearTimeout(timer)
  const cache = cacheOn({
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value, { EX: SECONDS_KEPT }),
  })
  return {
    around(scorer) {
      if (scorer.scope === 'pair') return withCache(scorer as Scorer<'pair'>, cache)
      throw misuse(`--cache has no effect on ${scorer.id}, whose scores depend on the other texts: leave it out`)
    },
    async close() {
      client.destroy()
    },
  }
}

interface Store {
  get(key: string): Promise<string | null>
  set(key: string, value: string): Promise<unknown>
}

function cacheOn(store: Store): ScoreCache {
  return {
    async get(key: string) {
      const entry = await store.get(`secondpass:${key}`)
      return entry === null ? undefined : (JSON.parse(entry) as unknown)
    },
    set: (key: string, score: CachedScore) => store.set(`secondpass:${key}`, JSON.stringify(score)),
  }
}

/** A code such as ECONNREFUSED; the message of an error may hold the URL with its password. */
function nameOf(error: Error): string {
  const { code } = error as Partial<NodeJS.ErrnoException>
  return code ?? error.name
}
