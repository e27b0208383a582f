import { CliError, show } from '../errors.js'
import type { Line } from './lines.js'

/** The error for a line that is not what it should be: names file and line, shows the line, says the fix. */
export function badLine(name: string, line: Line, fix: string): CliError {
  return new CliError(`${name}, line ${line.number}: ${show(line.text)}: ${fix}`)
}

/** Reads one line of JSONL. */
export function parseLine(name: string, line: Line): unknown {
  try {
    return JSON.parse(line.text)
  } catch {
    const isWholeArray = line.text.trim() === '['
    const fix = isWholeArray ? 'this is a JSON array over several lines' : 'it is not JSON'
    throw badLine(name, line, `${fix}; write one JSON value on each line (JSONL)`)
  }
}

/** Whether a value is an object that is not an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
