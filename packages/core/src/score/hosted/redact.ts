/** Shorter strings are no secrets, and cutting them out would make messages unreadable. */
const SHORTEST_SECRET = 6

const DEEPEST_CAUSE = 5

/** The text with every secret replaced. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .reduce((safe, secret) => safe.replaceAll(secret, '[secret]'), text)
}

/**
 * What may be kept of an error as a `cause`: names, codes and redacted messages, all the way down. Errors of HTTP clients
 * carry whole requests with their headers; none of that is taken over.
 */
export function safeCause(
  error: unknown,
  secrets: readonly string[],
  depth: number = DEEPEST_CAUSE,
): Error | undefined {
  if (!(error instanceof Error) || depth === 0) return undefined
  const cause = safeCause(error.cause, secrets, depth - 1)
  const safe = new Error(redact(error.message, secrets), cause === undefined ? undefined : { cause })
  safe.name = error.name
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? Object.assign(safe, { code }) : safe
}
