import { CliError, usageError } from './errors.js'

/** A client of `@redis/client`. */
export type RedisClient = ReturnType<typeof import('@redis/client').createClient>

/** Who asked for a connection, and who is told of it. */
export interface RedisUse {
  /** The option that holds the URL. */
  readonly option: string
  /** Whether a command that cannot be sent fails at once instead of waiting for the connection. */
  readonly failsFast?: boolean
  /** Told what went wrong, as a word: the message of an error may hold the URL with its password. */
  lost(what: string): void
  /** Told when the connection stands. */
  back(): void
}

const CONNECT_MS = 2000

/**
 * A client that is not connected yet, and once it is comes back by itself when the connection is lost.
 *
 * @throws CliError for what is no URL of a Redis, and when the package is not installed.
 */
export async function redisClient(
  url: string,
  { option, failsFast = false, lost, back }: RedisUse,
): Promise<RedisClient> {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    // It may hold a password.
    throw usageError(option, '(not shown)', 'pass the URL of a Redis, for example redis://127.0.0.1:6379')
  }
  const { createClient } = await import('@redis/client').catch((cause: unknown) => {
    const fix = 'install it beside the command: npm install --global @redis/client'
    throw new CliError(`${option} needs the package @redis/client: ${fix}`, { cause })
  })
  const client = createClient({ url, disableOfflineQueue: failsFast, socket: { connectTimeout: CONNECT_MS } })
  client.on('error', (error: Partial<NodeJS.ErrnoException>) => lost(error.code ?? error.name ?? 'error'))
  client.on('ready', back)
  return client as RedisClient
}
