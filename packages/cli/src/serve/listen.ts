import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import type { Hono } from 'hono'
import { CliError, oneLine } from '../errors.js'
import { errorBody } from './answer.js'
import { RequestError } from './request.js'

/** Where a server listens. */
export interface Place {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
}

/** A server that listens. */
export interface Listening {
  readonly url: string
  /** Takes no more connections, waits for what is under way, and after `drainMs` for nothing more. */
  drain(drainMs: number): Promise<void>
}

/**
 * Time limits of connections: a client that sends slowly holds a socket and nothing else, but must not hold it for ever.
 * Idle connections are kept for longer than the minute after which usual balancers drop theirs, so that none is used in
 * the moment in which it is closed.
 */
const TIMES = {
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5000,
}

/** @throws CliError when the place is taken or may not be used. */
export async function listen(app: Hono, { host, port }: Place): Promise<Listening> {
  const { getRequestListener } = await import('@hono/node-server')
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    // Balancers ask after the health with HTTP/1.0, which knows no host.
    hostname: 'localhost',
    errorHandler: noRequest,
  })
  const server = createServer(TIMES, (request, response) => void listener(request, response))
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new CliError(`the server cannot listen at ${host}, port ${port}: ${reasonOf(error)}`, { cause: error })
  }
  const { address, family, port: actual } = server.address() as AddressInfo
  const shown = family === 'IPv6' ? `[${address}]` : address
  return { url: `http://${shown}:${actual}`, drain: (drainMs) => drain(server, drainMs) }
}

/** What is told where not even a URL could be made of a request. */
function noRequest(): Response {
  const error = new RequestError(
    400,
    'The path or the host of the request is none: send a plain path, and a host header.',
  )
  const headers = { 'content-type': 'application/json' }
  return new Response(JSON.stringify(errorBody(undefined, error, randomUUID())), { status: 400, headers })
}

async function drain(server: Server, drainMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  // A connection is idle only once its last answer is out.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  const end = setTimeout(() => server.closeAllConnections(), drainMs)
  await closed
  clearInterval(sweep)
  clearTimeout(end)
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there; choose another --port',
  EADDRNOTAVAIL: 'this machine has no such address; choose another --host',
  EACCES: 'this user may not; choose a --port from 1024',
  ENOTFOUND: 'there is no such host; choose another --host',
}

function reasonOf(error: unknown): string {
  const { code = '' } = error as Partial<NodeJS.ErrnoException>
  return REASONS[code] ?? oneLine(error)
}

/** Whether only programs of this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
