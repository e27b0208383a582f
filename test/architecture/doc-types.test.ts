import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { codeBlocks } from '../process/code-blocks.ts'

const root = join(import.meta.dirname, '../..')
/** Here every package of the examples is found. */
const place = join(root, 'examples')

/** What the reader has: a search and what it found, a judge, a model, an application. */
const READERS = new Set(
  (
    'query question found candidates passages documents corpus rows judged search searchByWords searchByVectors ' +
    'vectorStore baseRetriever ContextualCompressionRetriever table index model reranker scorer retriever results report ' +
    'request scorerId log textOf summary queries qrels firstStage reranked lift'
  ).split(' '),
)
/** Packages of others that the workspace does not install, and files that a page tells the reader to write. */
const NOT_HERE =
  /^(openai|@ai-sdk\/openai|node-llama-cpp|@langchain\/(openai|anthropic|cohere)|@mastra\/rag|yaml|cohere-ai|\.\.?\/.*)$/

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((file) => join('docs', file)),
  ...readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'README.md')),
].filter((file) => file.endsWith('.md'))

/** Every block in TypeScript, as a module that lies nowhere. */
const modules = new Map<string, { readonly page: string; readonly code: string; readonly known: ReadonlySet<string> }>()
for (const page of pages) {
  const all = codeBlocks(readFileSync(join(root, page), 'utf8'))
  const blocks = all.filter(({ language }) => language === 'ts')
  // A block goes on from those above it: what any of them names is known to all.
  const known = new Set(all.filter(({ language }) => /^[jt]s$/.test(language)).flatMap(({ code }) => namesIn(code)))
  blocks.forEach(({ code }, at) =>
    modules.set(join(place, `${page.replaceAll(/[/\\.]/g, '_')}_${at}.ts`), {
      page,
      code: `${code}\nexport {}\n`,
      known,
    }),
  )
}

function namesIn(code: string): string[] {
  const bindings = [...code.matchAll(/(?:import|const|let) (?:type )?\{([^}]*)\}/g)].flatMap(([, list = '']) =>
    list.split(',').map((one) =>
      one
        .replace(/.*(?: as |:)/, '')
        .replace('type ', '')
        .trim(),
    ),
  )
  const single = [...code.matchAll(/(?:import|const|let|function|class) (?:type )?(\w+)/g)].map(([, name = '']) => name)
  return [...bindings, ...single]
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'],
  module: ts.ModuleKind.ESNext,
  // Pages for browsers are for bundlers.
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  strict: true,
  // What the reader brings has no type here.
  noImplicitAny: false,
  noEmit: true,
  skipLibCheck: true,
  resolveJsonModule: true,
  paths: {
    '@secondpass/mastra': [join(root, 'packages/mastra/dist/index.d.ts')],
    '@secondpass/lancedb': [join(root, 'packages/lancedb/dist/index.d.ts')],
    '@secondpass/cli/report': [join(root, 'packages/cli/dist/report/index.d.ts')],
  },
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
}

/** Whether a complaint is about what the reader brings. */
function isReaders({ code, file, messageText }: ts.Diagnostic): boolean {
  const text = ts.flattenDiagnosticMessageText(messageText, '\n')
  const [, name = ''] = /'([^']+)'/.exec(text) ?? []
  // A name, and the same as the short form of a property.
  if (code === 2304 || code === 2552 || code === 18004)
    return READERS.has(name) || (modules.get(file?.fileName ?? '')?.known.has(name) ?? false)
  return (code === 2307 || code === 7016) && NOT_HERE.test(name)
}

it('the code in TypeScript of every page compiles', () => {
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (path) => modules.has(path) || fileExists(path)
  host.readFile = (path) => modules.get(path)?.code ?? readFile(path)
  host.getSourceFile = (path, ...rest) => {
    const found = modules.get(path)
    return found === undefined ? getSourceFile(path, ...rest) : ts.createSourceFile(path, found.code, rest[0], true)
  }
  expect(modules.size).toBeGreaterThan(60)
  const program = ts.createProgram([...modules.keys()], options, host)
  const faults = [...modules].flatMap(([path, { page, code }]) => {
    const source = program.getSourceFile(path)
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    return found
      .filter((one) => !isReaders(one))
      .map(({ start = 0, code: number, messageText }) => {
        const line = code.slice(code.lastIndexOf('\n', start - 1) + 1).split('\n')[0]
        return `${page}: ${line}: ${number} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
      })
  })
  expect(faults).toEqual([])
})
