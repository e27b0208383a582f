import ts from 'typescript'

/** How a file reaches another: `'value'` loads it at start, `'dynamic'` and `'path'` when asked, `'type'` never. */
export type ImportKind = 'value' | 'dynamic' | 'path' | 'type'

export interface FoundImport {
  readonly specifier: string
  readonly kind: ImportKind
  /** 1-based. */
  readonly line: number
}

/** By text: several rules read each source. */
const parsed = new Map<string, ts.SourceFile>()

export function parse(text: string): ts.SourceFile {
  const known = parsed.get(text) ?? ts.createSourceFile('source.ts', text, ts.ScriptTarget.ES2023, true)
  parsed.set(text, known)
  return known
}

/** 1-based line of a node. */
export function lineOf(node: ts.Node): number {
  const file = node.getSourceFile()
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
}

/** Every node of a file, parents before children. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node
  const children: ts.Node[] = []
  node.forEachChild((child) => void children.push(child))
  for (const child of children) yield* nodesOf(child)
}

/** Every way a source names another module: import, export from, import(), require(), import types, new URL(…, import.meta.url). */
export function readImports(text: string): FoundImport[] {
  const found: FoundImport[] = []
  for (const node of nodesOf(parse(text))) {
    const reach = reachOf(node)
    if (reach !== undefined) found.push({ ...reach, line: lineOf(node) })
  }
  return found
}

function reachOf(node: ts.Node): Omit<FoundImport, 'line'> | undefined {
  // `import { type A } from 'x'` still loads x under verbatimModuleSyntax, so only `import type` counts as a type.
  if (ts.isImportDeclaration(node)) {
    return literal(node.moduleSpecifier, node.importClause?.isTypeOnly === true ? 'type' : 'value')
  }
  if (ts.isExportDeclaration(node)) return literal(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'value')
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literal(node.argument.literal, 'type')
  if (ts.isCallExpression(node)) {
    if (node.expression.kind === ts.SyntaxKind.ImportKeyword) return literal(node.arguments[0], 'dynamic')
    if (ts.isIdentifier(node.expression) && node.expression.text === 'require')
      return literal(node.arguments[0], isInFunction(node) ? 'dynamic' : 'value')
  }
  if (ts.isNewExpression(node) && node.arguments?.[1]?.getText() === 'import.meta.url') {
    return literal(node.arguments[0], 'path')
  }
  return undefined
}

function isInFunction(node: ts.Node): boolean {
  return ts.findAncestor(node, ts.isFunctionLike) !== undefined
}

function literal(node: ts.Node | undefined, kind: ImportKind): Omit<FoundImport, 'line'> | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? { specifier: node.text, kind } : undefined
}
