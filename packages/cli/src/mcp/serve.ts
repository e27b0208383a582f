import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { Reranker } from '@secondpass/core'
import { misuse, oneLine } from '../errors.js'
import { type Io, tell, write } from '../io.js'
import { version } from '../version.js'
import { callTool, tool, type ToolSettings } from './tool.js'

const INVALID_PARAMS = -32602

/**
 * Speaks the Model Context Protocol on stdin and stdout until stdin ends or the process is told to stop.
 *
 * @throws CliError when the SDK is not installed.
 */
export async function serveMcp(reranker: Reranker, settings: ToolSettings, io: Io): Promise<void> {
  const { Server, CallToolRequestSchema, ListToolsRequestSchema, ...lines } = await loadSdk()
  // The server of the SDK that takes a JSON schema as it is: the other one wants it written in zod.
  const server = new Server({ name: 'secondpass', version }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [tool] }))
  server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal }) => {
    if (params.name === tool.name) return callTool(reranker, params.arguments, { ...settings, signal })
    throw Object.assign(new Error(`There is no tool ${params.name}: the one tool here is ${tool.name}`), {
      code: INVALID_PARAMS,
    })
  })
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's server has no other way.
  server.onerror = (error) => tell(io, `secondpass: ${oneLine(error)}`)
  const transport = stdio(io, lines)
  await server.connect(transport)
  // A first call that waits for the model is one that a client may give up on.
  reranker.warmup().catch((error: unknown) => tell(io, `secondpass: ${oneLine(error)}`))
  await transport.ended
  await server.close()
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>
type Lines = Pick<Sdk, 'ReadBuffer' | 'serializeMessage'>

/** Messages as lines of stdin and stdout, through the one way by which this program reads and writes. */
function stdio(io: Io, { ReadBuffer, serializeMessage }: Lines): Transport & { readonly ended: Promise<void> } {
  let end: () => void = () => {}
  const ended = new Promise<void>((resolve) => (end = resolve))
  const buffer = new ReadBuffer()
  const transport: Transport & { readonly ended: Promise<void> } = {
    ended,
    async start() {
      if (io.signal.aborted) end()
      io.signal.addEventListener('abort', end, { once: true })
      void read().then(end, (error: unknown) => {
        transport.onerror?.(error as Error)
        end()
      })
    },
    async send(message) {
      await write(io, serializeMessage(message))
    },
    async close() {
      end()
      transport.onclose?.()
    },
  }
  const read = async (): Promise<void> => {
    for await (const chunk of io.stdin) {
      buffer.append(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
      for (;;) {
        try {
          const message = buffer.readMessage()
          if (message === null) break
          transport.onmessage?.(message)
        } catch (error) {
          // A line that is no message: the next one may be.
          transport.onerror?.(error as Error)
        }
      }
    }
  }
  return transport
}

/** Loaded by this command alone: everything else works without it. */
async function loadSdk() {
  try {
    const [{ Server }, { CallToolRequestSchema, ListToolsRequestSchema }, { ReadBuffer, serializeMessage }] =
      await Promise.all([
        import('@modelcontextprotocol/sdk/server/index.js'),
        import('@modelcontextprotocol/sdk/types.js'),
        import('@modelcontextprotocol/sdk/shared/stdio.js'),
      ])
    return { Server, CallToolRequestSchema, ListToolsRequestSchema, ReadBuffer, serializeMessage }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw misuse('mcp needs the package @modelcontextprotocol/sdk, which is not installed: install it beside this one')
  }
}
