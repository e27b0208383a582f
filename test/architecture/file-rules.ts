import ts from 'typescript'
import { lineOf, nodesOf, parse } from './read-imports.ts'

/** A source longer than this is two chapters. */
export const MAX_LINES = 400

/** The sentence about a source that is too long, or nothing. */
export function lengthFault(path: string, text: string): string | undefined {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  if (lines <= MAX_LINES) return undefined
  return `packages/${path} has ${lines} lines: split it (at most ${MAX_LINES})`
}

/** Whatever stands in an `index.ts` besides explicit named exports: one sentence each. */
export function frontDoorFaults(path: string, text: string): string[] {
  return parse(text).statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) {
      if (statement.exportClause !== undefined && ts.isNamedExports(statement.exportClause)) return []
      return [`packages/${path}:${lineOf(statement)}: exports a whole module; name each export`]
    }
    return [`packages/${path}:${lineOf(statement)}: holds more than exports`]
  })
}

/** Every use of `console`: a library reports, it does not print. */
export function consoleFaults(path: string, text: string): string[] {
  return [...nodesOf(parse(text))].flatMap((node) => {
    const isUse =
      ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'console'
    return isUse ? [`packages/${path}:${lineOf(node)}: prints with ${node.getText()}`] : []
  })
}
