import type { Command } from 'commander'
import { type ExitCode, usageError } from '../errors.js'
import { scorerFiles } from '../scorer/load.js'
import { checkFiles } from '../files/identity.js'
import type { Io } from '../io.js'
import { aboveZero, numberFrom, numberInside, wholeFrom } from '../options/values.js'
import { withReader } from '../scorer/options.js'
import { type ServeFlags, serve } from '../serve/serve.js'

const EXAMPLES = `
Examples:
  secondpass serve
  secondpass serve --host 0.0.0.0 --port 8080 --api-keys ./keys.txt --workers 4
  secondpass serve --scorer ./gateway.mjs --cache redis://127.0.0.1:6379

Answers POST /v1/rerank and /v2/rerank (Cohere, Jina, Voyage, vLLM), /rerank (also Text Embeddings Inference), /api/rerank
(Dify's plugin for Ollama), /v1/ranking (NIM) and /score (vLLM); GET /info, /v1/models, /health, /ready and /metrics.
SIGTERM and Ctrl-C: no more requests are taken, those under way are answered, and it ends.

Environment: SECONDPASS_API_KEYS, the keys that clients may use, with commas between them, where --api-keys is not given.`

/** Adds `secondpass serve`. */
export function addServe(program: Command, io: Io, ended: (code: ExitCode) => void): void {
  const command = program
    .command('serve')
    .summary('an HTTP server that the clients of Cohere, Jina, Voyage, vLLM and TEI can use')
    .description('Serves a reranker over HTTP, in the forms that existing clients speak.')
    .option('--host <address>', 'where to listen; 0.0.0.0 for every address of the machine', '127.0.0.1')
    .option('--port <number>', 'where to listen; 0 for any that is free', readPort, 8080)
    .option('--api-keys <file>', 'keys that clients may use, one a line (default: SECONDPASS_API_KEYS, or none)')
    .option('--deadline-ms <ms>', 'longest time for a request; what cannot be done is refused', readTime, 30_000)
    .option('--max-documents <count>', 'documents of one request', wholeFrom('--max-documents', 1), 1000)
    .option('--max-queued <count>', 'documents that may be under way at a time', wholeFrom('--max-queued', 1), 5000)
    .option('--max-body-mib <size>', 'longest body', numberInside('--max-body-mib', [0, 1024]), 10)
    .option('--drain-ms <ms>', 'longest wait for requests under way at the end', wholeFrom('--drain-ms', 0), 25_000)
    .option('--cache <url>', 'a Redis that keeps scores, shared by all servers that name it')
    .option('--served-model-name <name>', 'what the model is called in answers (default: the id of the scorer)')
    .option('--no-access-log', 'write no line for each request')
    .optionsGroup('A sample for calibrate (nothing of what clients send is kept otherwise):')
    .option('--record <file>', 'append what clients ask, with the texts they send, as JSONL')
    .option('--record-rate <share>', 'share of the requests that is recorded', numberFrom('--record-rate', [0, 1]), 1)
    .option('--record-mib <size>', 'recording stops at this size of the file', aboveZero('--record-mib'), 256)
    .addHelpText('after', EXAMPLES)
  withReader(command).action(async (flags: ServeFlags) => {
    checkFiles(scorerFiles(flags), [], io)
    ended(await serve(flags, io))
  })
}

function readPort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw usageError('--port', text, 'pass a whole number from 0 to 65535')
}

function readTime(text: string): number {
  const ms = Number(text)
  if (text.trim() !== '' && ms > 0) return ms
  throw usageError('--deadline-ms', text, 'pass milliseconds, more than 0, or Infinity for as long as it takes')
}
