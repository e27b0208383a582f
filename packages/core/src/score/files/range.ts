/**
 * The bytes that a `Range` header asked for, also from a server that takes no notice of it and sends the whole file.
 *
 * @throws Error when the server sends another part than was asked for.
 */
export function fromRange(response: Response, range: string | null): Response {
  const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
  if (start === 0 || !response.ok || response.body === null) return response
  if (response.status === 206) {
    const sent = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
    if (Number(sent) === start) return response
    throw new Error(`asked for bytes from ${start}, the server sent them from ${sent ?? 'an unknown place'}`)
  }
  return new Response(response.body.pipeThrough(withoutFirst(start)), { headers: response.headers })
}

function withoutFirst(bytes: number): TransformStream<Uint8Array, Uint8Array> {
  let left = bytes
  return new TransformStream({
    transform(chunk, controller) {
      if (chunk.length > left) controller.enqueue(chunk.subarray(left))
      left = Math.max(0, left - chunk.length)
    },
  })
}
