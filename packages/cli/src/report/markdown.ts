import * as format from './format.js'
import { type Section, type Table, aboutOf, headlinesOf, sectionsOf } from './sections.js'
import type { CasePassage, EvalReport, QueryCase } from './types.js'

/** The report as GitHub-flavoured Markdown, with the figures of the page and the JSON. */
export function renderMarkdown(report: EvalReport): string {
  const { title, verdict, warnings, queries } = report
  const parts = [
    `# ${plain(title)}`,
    `**${plain(verdict.sentence)}**`,
    ...warnings.map((warning) => `> ${plain(warning)}`),
    tableOf(
      {
        heads: ['', 'Figure', ''],
        rows: headlinesOf(report).map(({ label, figure, detail }) => [label, figure, detail]),
      },
      true,
    ),
    ...sectionsOf(report).flatMap(sectionOf),
    ...casesOf('Queries that gained most', queries.gained),
    ...casesOf('Queries that lost most', queries.lost),
    '## What was measured',
    aboutOf(report)
      .map(([name, text]) => `- ${name}: ${plain(text)}`)
      .join('\n'),
  ]
  return `${parts.join('\n\n')}\n`
}

function sectionOf({ title, paragraphs, table, tables = [] }: Section): string[] {
  const all = table === undefined ? tables : [table, ...tables]
  return [`## ${title}`, ...paragraphs.map(plain), ...all.flatMap((one) => [`${plain(one.caption)}:`, tableOf(one)])]
}

/** `isText`: cells are read and not compared, so they stand to the left. */
function tableOf({ heads, rows }: Omit<Table, 'caption'>, isText = false): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(plain).join(' | ')} |`
  const rule = `|${heads.map((_, at) => (at === 0 || isText ? ' --- ' : ' ---: ')).join('|')}|`
  return [line(heads), rule, ...rows.map(line)].join('\n')
}

function casesOf(title: string, cases: readonly QueryCase[]): string[] {
  if (cases.length === 0) return []
  return [`## ${title}`, ...cases.flatMap(caseOf)]
}

function caseOf({ query, queryId, firstStage, reranked, difference, before, after }: QueryCase): string[] {
  const figures = `${format.value(firstStage)} → ${format.value(reranked)} (${format.signed(difference)})`
  const rows = Math.max(before.length, after.length)
  const cells = (passages: readonly CasePassage[], at: number): string => {
    const passage = passages[at]
    return passage === undefined ? '' : `${passage.rank}. ${markOf(passage)}${passage.text ?? passage.id}`
  }
  return [
    `### ${plain(query)}`,
    `${plain(queryId)}: ${figures}`,
    tableOf(
      {
        heads: ['As found', 'Reranked'],
        rows: Array.from({ length: rows }, (_, at) => [cells(before, at), cells(after, at)]),
      },
      true,
    ),
  ]
}

function markOf({ grade }: CasePassage): string {
  return grade !== undefined && grade > 0 ? `✓ (grade ${grade}) ` : ''
}

/** Text that Markdown shows as it is: no markup, no HTML, no line break. Passages are untrusted. */
function plain(text: string): string {
  return text.replace(/\s+/gu, ' ').replace(/[\\`*_{}[\]<>#|~!&]/gu, (character) => `\\${character}`)
}
