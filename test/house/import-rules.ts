import { posix } from 'node:path'
import ts from 'typescript'
import { parse, readImports, type FoundImport } from './read-imports.ts'

/**
 * Who may import whom. `own` is the file's own folder: `score/onnx/*` sees `score/onnx/*`, `score/bm25.ts` sees the files
 * beside it. Scorers that read token pairs share `score/encode/`, which knows no runtime; scorers with model files share
 * `score/files/`, which fetches them. `eval/` is one folder with all that is in it. The hall reaches scores only in
 * `default.ts` and only by a dynamic import; `doctor/` looks at everything, and loads what it looks at in the same way.
 */
const rooms = {
  cellar: ['cellar'],
  score: ['cellar', 'own', 'encode', 'files'],
  encode: ['cellar', 'own'],
  files: ['cellar', 'own'],
  wrap: ['cellar', 'own'],
  hall: ['cellar', 'hall'],
  eval: ['cellar', 'own'],
  doctor: ['cellar', 'own', 'score', 'files'],
  index: ['cellar', 'score', 'encode', 'files', 'wrap', 'hall', 'doctor'],
} as const satisfies Record<string, readonly string[]>

type Room = keyof typeof rooms

/** Packages that are slow to load or may be missing: one dynamic import each, in this file; type imports beside it. */
const heavyPackages: Readonly<Record<string, string>> = {
  'onnxruntime-node': 'score/onnx/session.ts',
  '@huggingface/hub': 'score/files/hub-client.ts',
  '@huggingface/tokenizers': 'score/encode/library-tokenizer.ts',
  '@huggingface/transformers': 'score/transformers/load.ts',
  '@opentelemetry/api': 'telemetry/trace.ts',
  'cohere-ai': 'score/hosted/cohere-client.ts',
  undici: 'score/files/proxy.ts',
}

/** Before the path under `src` of a module that needs Node.js: in browsers `unavailable.ts` stands in for it. */
const FOR_NODE = '#node/'

const cellarFiles = new Set([
  'types.ts',
  'errors.ts',
  'spans.ts',
  'words.ts',
  'overlap.ts',
  'stats.ts',
  'abort.ts',
  'blend.ts',
  'clock.ts',
  'first-stage-scores.ts',
  'checks.ts',
  'gate.ts',
  'tokens.ts',
  'turn.ts',
  'warn.ts',
])

/** The room of a file given by its path under `packages/core/src`, or nothing when there is no such room. */
export function roomOf(path: string): Room | undefined {
  if (path === 'index.ts') return 'index'
  if (cellarFiles.has(path)) return 'cellar'
  if (path.startsWith('score/encode/')) return 'encode'
  if (path.startsWith('score/files/')) return 'files'
  if (path.startsWith('doctor/')) return 'doctor'
  const folder = path.split('/')[0] as string
  if (folder === path || ['skip', 'select', 'telemetry'].includes(folder)) return 'hall'
  return folder === 'score' || folder === 'wrap' || folder === 'eval' ? folder : undefined
}

/** What a source of the package `name` (its folder under `packages/`) imports that it must not: one sentence each. */
export function importFaults(name: string, path: string, text: string): string[] {
  const faultOf = name === 'core' ? coreFault : adapterFault
  return readImports(text).flatMap((found) => {
    const fault = found.specifier.startsWith('node:') ? undefined : faultOf(path, found, name)
    return fault === undefined ? [] : [`packages/${name}/src/${path}:${found.line}: ${fault}`]
  })
}

function coreFault(path: string, found: FoundImport): string | undefined {
  const room = roomOf(path)
  if (room === undefined) return 'is in no room of the house'
  if (!/^[.#]/.test(found.specifier)) return corePackageFault(path, room, found)
  const target = targetOf(path, found.specifier)
  const targetRoom = target === undefined ? undefined : roomOf(target)
  if (target === undefined || targetRoom === undefined) return `imports ${found.specifier}, which is in no room of core`
  const allowed: readonly string[] = rooms[room]
  const isSameFolder = room === 'eval' || posix.dirname(target) === posix.dirname(path)
  const own = allowed.includes('own') && targetRoom === room && isSameFolder
  const byDefault = path === 'default.ts' && targetRoom === 'score' && found.kind === 'dynamic'
  if (own || byDefault || allowed.includes(targetRoom)) return undefined
  return `${room} may not import ${targetRoom} (${found.specifier}, ${found.kind})`
}

function corePackageFault(path: string, room: Room, { specifier, kind }: FoundImport): string | undefined {
  if (specifier.startsWith('@secondpass/model-') && path === 'default.ts' && kind === 'dynamic') return undefined
  if (specifier.startsWith('@secondpass/'))
    return `imports ${specifier}: only default.ts may, dynamically, and only a model`
  const loader = heavyPackages[packageOf(specifier)]
  if (loader === undefined) return room === 'score' ? undefined : `${room} may not import the package ${specifier}`
  if (kind === 'type' && posix.dirname(path) === posix.dirname(loader)) return undefined
  if (kind === 'dynamic' && path === loader) return undefined
  return `imports ${specifier} (${kind}): only ${loader} may, by a dynamic import`
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

/** The path under `src` that a relative specifier means, as a source (`.ts`); nothing when it leaves `src`. */
function targetOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) {
    return specifier.startsWith(FOR_NODE) ? `${specifier.slice(FOR_NODE.length)}.ts` : undefined
  }
  const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')
  return target.startsWith('..') ? undefined : target
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

/** The names that a front door exports through `#node/`, types left out: in browsers each needs its stand-in. */
export function namesForNode(text: string): string[] {
  return parse(text).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement) || statement.isTypeOnly || statement.exportClause === undefined) return []
    const from = statement.moduleSpecifier
    const isForNode = from !== undefined && ts.isStringLiteral(from) && from.text.startsWith(FOR_NODE)
    if (!isForNode || !ts.isNamedExports(statement.exportClause)) return []
    return statement.exportClause.elements.filter((name) => !name.isTypeOnly).map(({ name }) => name.text)
  })
}
