import { RequestError } from './request.js'

/** How much of bodies is held. */
export interface BodyLimits {
  /** Bytes of one body. */
  readonly maxBodyBytes: number
}

/** Bodies of this size that are read or worked on at a time, before the server says that it is busy. */
const BODIES_AT_ONCE = 32

/**
 * Reads the JSON of requests, and no more of it than is allowed: of one body, and of all that are read at the same time,
 * since slow clients could fill the memory together.
 */
export class BodyReader {
  readonly #limits: BodyLimits
  #held = 0

  constructor(limits: BodyLimits) {
    this.#limits = limits
  }

  /**
   * Reads a body, hands it to `use` and counts it until that has ended.
   *
   * @throws RequestError with 400 for what is not JSON, 413 for what is too long, 415 for what says that it is something
   *   else, 429 when too many are read; what `use` throws.
   */
  async read<T>(request: Request, use: (body: unknown) => Promise<T>): Promise<T> {
    const charset = charsetOf(request.headers)
    const { maxBodyBytes } = this.#limits
    if (Number(request.headers.get('content-length') ?? 0) > maxBodyBytes) throw this.#tooLong()
    let mine = 0
    const count = (bytes: number): void => {
      mine += bytes
      this.#held += bytes
      if (mine > maxBodyBytes) throw this.#tooLong()
      if (this.#held > BODIES_AT_ONCE * maxBodyBytes) {
        throw new RequestError(429, 'The server is busy: it holds as much of other requests as it may.', 1)
      }
    }
    try {
      return await use(parse(await readText(request, { charset, count })))
    } finally {
      this.#held -= mine
    }
  }

  #tooLong(): RequestError {
    const most = `${this.#limits.maxBodyBytes} bytes`
    const fix = 'send fewer or shorter texts, or start the server with a higher --max-body-mib'
    return new RequestError(413, `The body is longer than ${most}: ${fix}.`)
  }
}

/**
 * The characters that a body is said to be written in.
 *
 * @throws RequestError with 415 for what is said to be no JSON, or packed, or in characters that nobody knows.
 */
function charsetOf(headers: Headers): string {
  const type = headers.get('content-type') ?? ''
  // A page of another site can send anything but JSON without asking first, also something without a type.
  if (type === '' ? headers.has('origin') : !/^application\/(?:[\w.+-]+\+)?json\b/i.test(type)) {
    throw new RequestError(415, 'The body is said to be no JSON: send it with content-type: application/json.')
  }
  const encoding = headers.get('content-encoding') ?? ''
  if (!/^(?:identity)?$/i.test(encoding.trim())) {
    throw new RequestError(415, 'The body is packed: send it without content-encoding.')
  }
  const charset = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(type)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset).encoding
  } catch {
    throw new RequestError(415, 'The body is in a charset that is not known here: send it as UTF-8.')
  }
}

async function readText(
  { body }: Request,
  { charset, count }: { readonly charset: string; readonly count: (bytes: number) => void },
): Promise<string> {
  if (body === null) return ''
  // Scores of a text that only looks like the client's would be wrong, and nobody would know.
  const decoder = new TextDecoder(charset, { fatal: true })
  let text = ''
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text + decoder.decode()
      count(value.length)
      text += decoder.decode(value, { stream: true })
    }
  } catch (error) {
    // What is not read is thrown away, and the connection with it.
    void reader.cancel().catch(() => undefined)
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error
    throw new RequestError(400, `The body is no ${charset.toUpperCase()}: send JSON in UTF-8.`)
  }
}

function parse(text: string): unknown {
  if (text === '') throw new RequestError(400, 'The body is empty: send a JSON object.')
  try {
    return JSON.parse(text)
  } catch {
    // The message of the parser holds a part of the body.
    throw new RequestError(400, 'The body is no JSON: send a JSON object.')
  }
}
