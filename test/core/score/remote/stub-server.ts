import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request as the server saw it. */
export interface Seen {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  /** Parsed JSON; nothing for a GET. */
  readonly body: unknown
}

export type Handler = (seen: Seen, response: ServerResponse, nth: number) => void | Promise<void>

/** A real HTTP server on the loopback interface. */
export interface StubServer extends AsyncDisposable {
  readonly url: string
  readonly host: string
  readonly seen: readonly Seen[]
  /** Most requests under way at once. */
  readonly busiest: number
  /** Settles when so many requests have come. */
  arrived(count: number): Promise<void>
  /** Closes the socket and every connection at once, as a crash does. */
  die(): void
}

export async function stubServer(handler: Handler): Promise<StubServer> {
  const seen: Seen[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  let underWay = 0
  let busiest = 0
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const one = await read(request)
    const nth = seen.push(one)
    for (const { count, resolve } of waiting) if (nth >= count) resolve()
    await handler(one, response, nth)
  }
  const server = createServer((request, response) => {
    busiest = Math.max(busiest, ++underWay)
    response.on('close', () => underWay--)
    void answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const die = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    seen,
    get busiest() {
      return busiest
    },
    arrived: (count) => new Promise((resolve) => (seen.length >= count ? resolve() : waiting.push({ count, resolve }))),
    die,
    async [Symbol.asyncDispose]() {
      die()
    },
  }
}

async function read(request: IncomingMessage): Promise<Seen> {
  const body = await text(request)
  const { method, url: path, headers } = request
  return { method, path, headers, body: body === '' ? undefined : (JSON.parse(body) as unknown) }
}

export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
