import { ProviderError } from '../../errors.js'
import type { ProviderNames } from './explain.js'
import { redact } from './redact.js'

interface BodyLimits {
  readonly names: ProviderNames
  readonly host: string
  readonly maxResponseBytes: number
}

/**
 * Reads a body, and no more of it than is allowed.
 *
 * @throws ProviderError when it is longer; whatever the connection failed with.
 */
export async function readBody(response: Response, limits: BodyLimits): Promise<string> {
  const { body } = response
  if (body === null) return ''
  if (Number(response.headers.get('content-length') ?? 0) > limits.maxResponseBytes) {
    await body.cancel()
    throw tooLong(limits)
  }
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (let length = 0; ;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    length += value.length
    if (length > limits.maxResponseBytes) {
      await reader.cancel()
      throw tooLong(limits)
    }
    text += decoder.decode(value, { stream: true })
  }
}

function tooLong({ names, host, maxResponseBytes }: BodyLimits): ProviderError {
  const message = `${names.provider} at ${host} sent more than ${maxResponseBytes} bytes: set maxTexts to a lower number, or maxResponseBytes to a higher one.`
  return new ProviderError(message, { provider: names.provider, retryable: false })
}

interface BodyOrigin {
  readonly names: ProviderNames
  readonly host: string
  readonly contentType: string | null
}

/** @throws ProviderError when the text is not JSON. The text itself is not shown: it may echo a query or a key. */
export function parseJson(text: string, { names, host, contentType }: BodyOrigin): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const found = text === '' ? 'an empty body' : `something else (content-type ${contentType ?? 'missing'})`
    const message = `${names.provider} at ${host} answered with ${found} where JSON was due: check that the base URL is that of the service and not of a proxy's page.`
    throw new ProviderError(message, { provider: names.provider, status: 200, retryable: false })
  }
}

const LONGEST_MESSAGE = 200

/** The sentence in the body of an error, if it holds one in a common place, without secrets. Never the whole body. */
export function shortMessage(text: string, secrets: readonly string[]): string | undefined {
  try {
    const { message, error, detail } = JSON.parse(text) as Record<string, unknown>
    const nested = (error as { message?: unknown } | null)?.message
    const first = Array.isArray(detail) ? (detail[0] as { msg?: unknown } | undefined)?.msg : detail
    const found = [message, nested, error, first].find((value) => typeof value === 'string')
    return found === undefined ? undefined : redact(found as string, secrets).slice(0, LONGEST_MESSAGE)
  } catch {
    return undefined
  }
}
