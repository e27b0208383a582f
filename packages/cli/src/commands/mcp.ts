import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../errors.js'
import type { Io } from '../io.js'
import { serveMcp } from '../mcp/serve.js'
import { wholeFrom } from '../options/values.js'
import { loadReranker, withReranker } from '../scorer/load.js'
import { type ScorerFlags, withScorer } from '../scorer/options.js'

interface McpFlags extends ScorerFlags {
  readonly topN: number
  readonly depth?: number
  readonly deadlineMs?: number
}

const EXAMPLES = `
Examples:
  secondpass mcp --top-n 5 --deadline-ms 2000
  secondpass mcp --model org/reranker
  secondpass mcp --scorer ./hosted.mjs

In the settings of a client:
  { "mcpServers": { "secondpass": {
    "command": "npx",
    "args": ["-y", "-p", "@secondpass/cli", "-p", "@modelcontextprotocol/sdk", "secondpass", "mcp"] } } }

One tool, rerank: query, documents (texts, or objects with text, id and score), top_n, return_documents.`

/** Adds `secondpass mcp`. */
export function addMcp(program: Command, io: Io, ended: (code: ExitCode) => void): void {
  const command = program
    .command('mcp')
    .summary('give agents a tool that reranks, over the Model Context Protocol')
    .description('Serves one tool, rerank, over the Model Context Protocol on stdin and stdout.')
    .option('--top-n <count>', 'how many results come back when a call does not say', wholeFrom('--top-n', 1), 10)
    .option('--depth <count>', 'how many documents are scored (default: 100)', wholeFrom('--depth', 1))
    .option('--deadline-ms <ms>', 'time for one call; then the order stays', wholeFrom('--deadline-ms', 1))
    .addHelpText('after', EXAMPLES)
  withScorer(command).action(async ({ topN, depth, deadlineMs, ...flags }: McpFlags) => {
    const loaded = await loadReranker(flags, io, { depth })
    await withReranker(loaded, ({ reranker }) => serveMcp(reranker, { topN, deadlineMs }, io))
    ended(exitCodes.ok)
  })
}
