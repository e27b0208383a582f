import { writeFileSync } from 'node:fs'
import { CliError } from '../errors.js'
import { type Io, tell } from '../io.js'
import type { EvalReport } from '../report/types.js'

/** Queries by name only, where no text is at hand. */
export const documentsUnknown: ReadonlyMap<string, string> = new Map()

/** Writes the report in the formats that were asked for. */
export async function writeReports(
  report: EvalReport,
  { html, markdown }: { readonly html?: string; readonly markdown?: string },
  io: Io,
): Promise<void> {
  if (html !== undefined) {
    const { renderHtml } = await import('../report/html.js')
    openForWriting(html, await renderHtml(report))
    tell(io, `secondpass: the report is in ${html}`)
  }
  if (markdown !== undefined) {
    const { renderMarkdown } = await import('../report/markdown.js')
    openForWriting(markdown, renderMarkdown(report))
    tell(io, `secondpass: the report is in ${markdown}`)
  }
}

/** @throws CliError when the file cannot be written. */
export function openForWriting(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new CliError(`${path} cannot be written: ${(error as Error).message}`, { cause: error })
  }
}
