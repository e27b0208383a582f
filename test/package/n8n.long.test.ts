import { cpSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mustRun, root, run } from './commands.ts'
import { type InstalledProject, installWith } from './install.ts'
import { packAll } from './packed.ts'

const packed = packAll()
let project: InstalledProject

beforeAll(() => {
  const tools = ['n8n-workflow@2.41.0', 'eslint@9.29.0', '@n8n/eslint-plugin-community-nodes@0.32.0']
  const types = ['@typescript-eslint/parser@8', '@types/node@22', 'typescript@5.9']
  // n8n-workflow has a sandbox that is compiled on installing, and that its types do without.
  project = installWith(packed.packages, ['n8n-nodes-secondpass', ...tools, ...types], ['--ignore-scripts'])
  const from = join(root, 'packages/n8n-nodes-secondpass')
  mkdirSync(join(project.folder, 'lint'))
  for (const part of ['src', 'icons', 'dist', 'package.json', 'README.md']) {
    cpSync(join(from, part), join(project.folder, 'lint', part), { recursive: true })
  }
})

afterAll(() => {
  project?.remove()
  packed.remove()
})

describe('n8n-nodes-secondpass, installed', () => {
  it('is loaded as n8n loads it, by require() of the files that its manifest names, and reranks', () => {
    project.write(
      'load.cjs',
      `
        const { dirname, join, basename } = require('node:path')
        const manifest = require('n8n-nodes-secondpass/package.json')
        const [file] = manifest.n8n.nodes
        const path = join(dirname(require.resolve('n8n-nodes-secondpass/package.json')), file)
        const Node = require(path)[basename(file, '.node.js')]
        const node = new Node()
        for (const icon of Object.values(node.description.icon)) {
          if (!require('node:fs').existsSync(join(dirname(path), icon.replace('file:', '')))) throw new Error(icon)
        }
        const log = []
        const context = {
          getNodeParameter: (name, index, fallback) => ({ topN: 1 })[name] ?? fallback,
          addInputData: () => ({ index: log.push('input') }),
          addOutputData: () => log.push('output'),
        }
        node.supplyData.call(context, 0).then(async ({ response }) => {
          const documents = ['Bananas are yellow.', 'To reset your password, open Settings.'].map((pageContent) => ({ pageContent, metadata: {} }))
          const [best] = await response.compressDocuments(documents, 'how do I reset my password?')
          console.log(JSON.stringify([best.pageContent, best.metadata.relevanceScore > 0, log]))
        })
      `,
    )
    const answer = JSON.parse(mustRun([process.execPath, 'load.cjs'], project.folder)) as unknown
    expect(answer).toEqual(['To reset your password, open Settings.', true, ['input', 'output']])
  })

  it('fits the types of n8n-workflow', () => {
    project.write(
      'lint/src/check.ts',
      `
        import type { INodeTypeDescription, ISupplyDataFunctions, SupplyData } from 'n8n-workflow'
        import { RerankerSecondpass } from './RerankerSecondpass.node.js'
        type Mutable<T> = { -readonly [K in keyof T]: Mutable<T[K]> }
        const node = new RerankerSecondpass()
        export const description: INodeTypeDescription = node.description as Mutable<typeof node.description>
        export const supply: (this: ISupplyDataFunctions, itemIndex: number) => Promise<SupplyData> = node.supplyData
      `,
    )
    const flags = ['--strict', '--noEmit', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext']
    const tsc = [process.execPath, 'node_modules/typescript/bin/tsc', ...flags, 'lint/src/check.ts']
    const { status, stdout } = run(tsc, project.folder)
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  })

  it("passes n8n's lint for community nodes but for what verified ones need", () => {
    project.write(
      'lint/eslint.config.mjs',
      `
        import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes'
        import parser from '@typescript-eslint/parser'
        const json = { parser, parserOptions: { extraFileExtensions: ['.json'] } }
        export default [
          { ignores: ['dist/**', 'src/check.ts', '*.mjs'] },
          { files: ['src/**/*.ts', 'package.json'], languageOptions: json },
          n8nCommunityNodesPlugin.configs.recommendedWithoutN8nCloudSupport,
        ]
      `,
    )
    const eslint = [process.execPath, '../node_modules/eslint/bin/eslint.js', '--format', 'json', 'src', 'package.json']
    const { stdout } = run(eslint, join(project.folder, 'lint'))
    const files = JSON.parse(stdout) as { filePath: string; messages: { ruleId: string }[] }[]
    const found = files.flatMap(({ filePath, messages }) =>
      messages.map(({ ruleId }) => `${basename(filePath)}: ${ruleId.replace('@n8n/community-nodes/', '')}`),
    )
    expect(files.length).toBeGreaterThan(2)
    // What a verified node needs and this one does not have: a publisher's name and page, and to depend on nothing.
    expect(found.toSorted()).toEqual([
      'package.json: no-runtime-dependencies',
      'package.json: valid-author',
      'package.json: valid-peer-dependencies',
    ])
  })
})
