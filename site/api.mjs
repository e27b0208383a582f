// The reference of every package's entry points, from their docstrings.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The packages with a programming interface, with the names that people import. */
export const entryPoints = {
  '@secondpass/core': 'packages/core/src/index.ts',
  '@secondpass/core/eval': 'packages/core/src/eval/index.ts',
  '@secondpass/ai-sdk': 'packages/ai-sdk/src/index.ts',
  '@secondpass/lancedb': 'packages/lancedb/src/index.ts',
  '@secondpass/langchain': 'packages/langchain/src/index.ts',
  '@secondpass/llamaindex': 'packages/llamaindex/src/index.ts',
  '@secondpass/mastra': 'packages/mastra/src/index.ts',
}

/** @param {{ repository: string, folder: string, ref: string }} where */
export async function writeApi({ repository, folder, ref }) {
  const { Application } = await import('typedoc')
  const tsconfig = `${folder}.tsconfig.json`
  const files = Object.values(entryPoints).map((file) => join(repository, file))
  const base = JSON.parse(readFileSync(join(repository, 'tsconfig.base.json'), 'utf8').replaceAll(/^\s*\/\/.*$/gm, ''))
  const compilerOptions = {
    ...base.compilerOptions,
    noEmit: true,
    composite: false,
    // The adapters' sources, too, read the core's sources: a type is described once.
    paths: Object.fromEntries(Object.entries(entryPoints).map(([name, file]) => [name, [join(repository, file)]])),
    customConditions: undefined,
    typeRoots: [join(repository, 'node_modules/@types')],
  }
  writeFileSync(tsconfig, JSON.stringify({ compilerOptions, files }))
  const app = await Application.bootstrapWithPlugins({
    entryPoints: files,
    tsconfig,
    basePath: repository,
    readme: 'none',
    plugin: ['typedoc-plugin-markdown'],
    name: 'API reference',
    disableSources: true,
    excludePrivate: true,
    excludeInternal: true,
    skipErrorChecking: true,
    githubPages: false,
    hideGenerator: true,
    logLevel: 'Warn',
    sort: ['source-order'],
    // @ts-expect-error -- these are options of the plug-in
    entryFileName: 'index',
    // A page for each package: hundreds of small ones take a minute longer to build and are no easier to read.
    outputFileStrategy: 'modules',
    hideBreadcrumbs: true,
    // Two headings of one name are counted otherwise here and there.
    useHTMLAnchors: true,
    hidePageHeader: true,
    useCodeBlocks: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'list',
    expandObjects: false,
    formatWithPrettier: false,
  })
  const project = await app.convert()
  if (project === undefined) throw new Error('the docstrings could not be read: see above')
  // A module is called by its path below the folder that all have in common.
  for (const module of project.children ?? []) {
    const found = Object.entries(entryPoints).find(([, file]) => file === `${module.name}/index.ts`)
    if (found === undefined) throw new Error(`no package is known for ${module.name}`)
    module.name = found[0]
  }
  await app.outputs.writeOutput({ name: 'markdown', path: folder }, project)
  if (app.logger.hasErrors()) throw new Error(`the reference could not be written for ${ref}: see above`)
}
