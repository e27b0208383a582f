/** Markdown tables, laid out as the formatter leaves them. */

/** @param {string[]} heads @param {string[][]} rows @returns {string} */
export function pageTable(heads, rows) {
  const cells = [heads, ...rows]
  const widths = heads.map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)))
  const line = (/** @type {string[]} */ row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/**
 * @param {string} markdown a table whose first column names its rows
 * @returns {{ columns: string[], rows: Map<string, string[]> }} without the first column, bold taken off
 */
export function readTable(markdown) {
  const [heads, , ...rows] = markdown
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('**', '')),
    )
  return { columns: heads.slice(1), rows: new Map(rows.map(([name, ...cells]) => [name, cells])) }
}
