// Every message of an error or a warning, read from the sources, as one page of the site.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Functions and classes that take a message as their last text. */
const makers =
  /^(new )?(\w*Error|invalidArgument|must|refusal|refused|Refused|warn|complain|this\.fail|this\.options\.warn|this\.#fault)$/
const titles = {
  core: 'Reranking',
  'core/eval': 'Evaluation',
  cli: 'Command line and server',
  'ai-sdk': 'AI SDK',
  lancedb: 'LanceDB',
  langchain: 'LangChain.js',
  llamaindex: 'LlamaIndex.TS',
  mastra: 'Mastra',
}

/** @param {string} repository */
export async function messagesPage(repository) {
  const { default: ts } = await import('typescript')
  /** @type {Map<string, Set<string>>} */
  const groups = new Map()
  for (const name of readdirSync(join(repository, 'packages'))) {
    if (!Object.hasOwn(titles, name)) continue
    const folder = join(repository, 'packages', name, 'src')
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue
      const group = name === 'core' && file.startsWith('eval') ? 'core/eval' : name
      const found = groups.get(group) ?? new Set()
      groups.set(group, found)
      for (const message of messagesIn(ts, readFileSync(join(folder, file), 'utf8'))) found.add(message)
    }
  }
  const sections = Object.entries(titles).map(([group, title]) => {
    const rows = [...(groups.get(group) ?? [])].sort((a, b) => a.localeCompare(b)).map((row) => `- \`${row}\``)
    return `## ${title}\n\n${rows.join('\n')}\n`
  })
  const about =
    'What the packages can say when something is wrong, read from their sources; `…` stands for what differs. Those that ' +
    'need more than their own words are explained in [troubleshooting](/troubleshooting). Of a message about an argument, ' +
    '`NAME is VALUE: FIX`, the last part stands here.'
  return `---\neditLink: false\noutline: 2\n---\n\n# Error messages\n\n${about}\n\n${sections.join('\n')}`
}

/**
 * @param {typeof import('typescript')} ts
 * @param {string} source
 */
function messagesIn(ts, source) {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true)
  /** @type {string[]} */
  const found = []
  const visit = (/** @type {import('typescript').Node} */ node) => {
    if ((ts.isCallExpression(node) || ts.isNewExpression(node)) && makers.test(node.expression.getText(file))) {
      const texts = (node.arguments ?? []).map((argument) => textOf(ts, argument)).filter((text) => text !== undefined)
      const message = texts.at(-1)?.replaceAll(/\s+/g, ' ').replaceAll('`', "'").trim() ?? ''
      if (/[a-z]+ [a-z]/i.test(message)) found.push(message)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/**
 * The fixed words of a text, with `…` for what is filled in; nothing for what is no text.
 *
 * @param {typeof import('typescript')} ts
 * @param {import('typescript').Expression} expression
 * @returns {string | undefined}
 */
function textOf(ts, expression) {
  if (ts.isStringLiteralLike(expression)) return expression.text
  if (ts.isTemplateExpression(expression))
    return expression.head.text + expression.templateSpans.map(({ literal }) => `…${literal.text}`).join('')
  if (ts.isBinaryExpression(expression) && expression.operatorToken.kind === ts.SyntaxKind.PlusToken)
    return `${textOf(ts, expression.left) ?? '…'}${textOf(ts, expression.right) ?? '…'}`
  return undefined
}
