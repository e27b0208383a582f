import { posix } from 'node:path'
import ts from 'typescript'
import { parse, readImports, type FoundImport } from './read-imports.ts'
import { FOR_NODE, targetOf } from './sources.ts'

/**
 * The rooms of the core from below, and whom each may import: itself, with its folders, and the rooms named, all of
 * which stand above it in this table. Rooms are folders; the hall is the files at the top. The hall reaches one scorer,
 * that of the bundled model, in `rerank.ts`.
 */
export const rooms = {
  base: [],
  hub: ['base'],
  documents: ['base'],
  'cross-encoder': ['base', 'hub', 'documents'],
  colbert: ['base', 'hub', 'documents', 'cross-encoder'],
  transformers: ['base', 'cross-encoder'],
  remote: ['base'],
  score: ['base'],
  skip: ['base'],
  select: ['base'],
  wrap: ['base'],
  telemetry: ['base'],
  order: ['base'],
  hall: ['base', 'skip', 'select', 'telemetry', 'order'],
  eval: ['base', 'skip', 'order'],
  doctor: ['base', 'hub', 'cross-encoder'],
  index: [
    'base',
    'hub',
    'documents',
    'cross-encoder',
    'colbert',
    'transformers',
    'remote',
    'score',
    'skip',
    'select',
    'wrap',
    'hall',
    'doctor',
  ],
} as const satisfies Record<string, readonly string[]>

type Room = keyof typeof rooms

/** Packages that are slow to load or may be missing: one dynamic import each, or `require` when asked, in this file. */
export const heavyPackages: Readonly<Record<string, string>> = {
  '@bufbuild/protobuf': 'score/cross-encoder/lean/onnx.ts',
  'onnxruntime-node': 'score/cross-encoder/session/node.ts',
  '@secondpass/model-en-mini': 'score/cross-encoder/model-source.ts',
  '@secondpass/model-en-tiny': 'score/cross-encoder/model-source.ts',
  '@huggingface/hub': 'score/hub/client.ts',
  '@huggingface/jinja': 'score/cross-encoder/folder/template.ts',
  '@huggingface/tokenizers': 'score/cross-encoder/tokenizer/library.ts',
  '@huggingface/transformers': 'score/transformers/load.ts',
  '@opentelemetry/api': 'telemetry/trace.ts',
  aws4fetch: 'score/remote/vendors/bedrock.ts',
  'cohere-ai': 'score/remote/vendors/cohere.ts',
  tokenizers: 'score/cross-encoder/tokenizer/rust.ts',
  undici: 'base/proxy.ts',
}

/** The room of a file given by its path under `packages/core/src`, or nothing when there is no such room. */
export function roomOf(path: string): Room | undefined {
  if (path === 'types.ts') return 'base'
  if (path === 'index.ts') return 'index'
  if (path === 'order.ts') return 'order'
  const [folder, second] = path.split('/') as [string, string?]
  if (second === undefined) return 'hall'
  const room = folder === 'score' && path.split('/').length > 2 ? second : folder
  return Object.hasOwn(rooms, room) ? (room as Room) : undefined
}

/** What a source of the package `name` (its folder under `packages/`) imports that it must not: one sentence each. */
export function importFaults(name: string, path: string, text: string): string[] {
  const faultOf = name === 'core' ? coreFault : name === 'cli' ? cliFault : adapterFault
  return readImports(text).flatMap((found) => {
    const fault = found.specifier.startsWith('node:') ? undefined : faultOf(path, found, name)
    return fault === undefined ? [] : [`packages/${name}/src/${path}:${found.line}: ${fault}`]
  })
}

function coreFault(path: string, found: FoundImport): string | undefined {
  const room = roomOf(path)
  if (room === undefined) return 'is in no room of the house'
  const seen: readonly string[] = [room, ...rooms[room]]
  if (!/^[.#]/.test(found.specifier)) {
    const loader = heavyPackages[packageOf(found.specifier)]
    if (loader === undefined) return `${room} may not import the package ${found.specifier}`
    // Types cost nothing: whoever sees the room of the loader may name them.
    if (found.kind === 'type' && seen.includes(roomOf(loader) as string)) return undefined
    return heavyFault(path, found, loader)
  }
  const target = targetOf(path, found.specifier)
  const targetRoom = target === undefined ? undefined : roomOf(target)
  if (targetRoom === undefined) return `imports ${found.specifier}, which is in no room of core`
  const isBundled = path === 'rerank.ts' && found.specifier === '#node/score/cross-encoder/cross-encoder'
  if (isBundled || seen.includes(targetRoom)) return undefined
  return `${room} may not import ${targetRoom} (${found.specifier}, ${found.kind})`
}

/** A heavy package is loaded by one file, when it is asked for; the files beside that one may name its types. */
function heavyFault(path: string, { specifier, kind }: FoundImport, loader: string): string | undefined {
  if (kind === 'dynamic' && path === loader) return undefined
  if (kind === 'type' && posix.dirname(path) === posix.dirname(loader)) return undefined
  return `imports ${specifier} (${kind}): only ${loader} may, when it is asked for`
}

/** Packages that the command line may load, and, where one is slow to load, the one file that may, dynamically. */
const cliPackages: Readonly<Record<string, string | undefined>> = {
  '@secondpass/core': undefined,
  '@secondpass/core/eval': undefined,
  '@modelcontextprotocol/sdk/server/index.js': 'mcp/serve.ts',
  '@modelcontextprotocol/sdk/shared/stdio.js': 'mcp/serve.ts',
  '@modelcontextprotocol/sdk/shared/transport.js': 'mcp/serve.ts',
  '@modelcontextprotocol/sdk/types.js': 'mcp/serve.ts',
  commander: undefined,
  vega: 'report/charts.ts',
  hono: 'serve/app.ts',
  '@hono/node-server': 'serve/listen.ts',
  'prom-client': 'serve/metrics.ts',
  '@redis/client': 'redis.ts',
  bullmq: 'queue/jobs.ts',
}

/** Inside the command line any import is lawful that makes no circle of folders, but of the report's, which has JSON only. */
function cliFault(path: string, found: FoundImport): string | undefined {
  const { specifier } = found
  if (specifier.startsWith('.')) {
    const target = targetOf(path, specifier)
    if (target === undefined)
      return specifier === '../package.json' ? undefined : `imports ${specifier}, which is outside its package`
    const leavesReport = path.startsWith('report/') && !target.startsWith('report/')
    return leavesReport ? `report may import nothing else of ours (${specifier})` : undefined
  }
  if (!Object.hasOwn(cliPackages, specifier)) return `imports ${specifier}, which the command line may not`
  const loader = cliPackages[specifier]
  return loader === undefined ? undefined : heavyFault(path, found, loader)
}

function adapterFault(path: string, { specifier, kind }: FoundImport, name: string): string | undefined {
  if (specifier.startsWith('.')) {
    return targetOf(path, specifier) === undefined ? `imports ${specifier}, which is outside its package` : undefined
  }
  if (specifier === '@secondpass/core' || specifier.startsWith('@secondpass/core/')) return undefined
  if (specifier.startsWith('@secondpass/')) return `imports ${specifier}: an adapter may import @secondpass/core only`
  if (packageOf(specifier) in heavyPackages) return `imports ${specifier}: that is core's business`
  const isLlamaIndex = specifier === 'llamaindex' || specifier.startsWith('@llamaindex/')
  if (name === 'llamaindex' && isLlamaIndex && kind !== 'type')
    return `loads ${specifier}: this adapter knows types only`
  return undefined
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

/**
 * The modules of Node.js that importing `path` asks for, each with the file that does: `score/x.ts → node:fs`. Dynamic
 * imports count, since bundlers follow them; what lies behind `#node/` does not.
 */
export function nodeModulesBehind(path: string, textOf: (path: string) => string): string[] {
  const seen = new Set<string>()
  const visit = (file: string): string[] => {
    if (seen.has(file)) return []
    seen.add(file)
    const imports = readImports(textOf(file)).filter(({ kind }) => kind === 'value' || kind === 'dynamic')
    return imports.flatMap(({ specifier }) => {
      if (specifier.startsWith('node:')) return [`${file} → ${specifier}`]
      return specifier.startsWith('.') ? visit(targetOf(file, specifier) as string) : []
    })
  }
  return visit(path)
}

/** The names that a source exports or imports through `#node/`, types left out: in browsers each needs its stand-in. */
export function namesForNode(text: string): string[] {
  const destructured = text.matchAll(/const \{([^}]*)\} = await import\('#node\//g)
  const dynamic = [...destructured].flatMap(([, names = '']) => names.split(',').map((name) => name.trim()))
  return [...dynamic, ...staticNamesForNode(text)]
}

function staticNamesForNode(text: string): string[] {
  return parse(text).statements.flatMap((statement) => {
    const isExport = ts.isExportDeclaration(statement)
    if (!isExport && !ts.isImportDeclaration(statement)) return []
    const { moduleSpecifier: from } = statement
    if (from === undefined || !ts.isStringLiteral(from) || !from.text.startsWith(FOR_NODE)) return []
    const named = isExport ? statement.exportClause : statement.importClause?.namedBindings
    const isOfTypes = isExport ? statement.isTypeOnly : statement.importClause?.isTypeOnly === true
    if (isOfTypes || named === undefined || !(ts.isNamedExports(named) || ts.isNamedImports(named))) return []
    return [...named.elements]
      .filter((name) => !name.isTypeOnly)
      .map(({ propertyName, name }) => (propertyName ?? name).text)
  })
}
