import { beginningOf } from './cases.js'
import * as format from './format.js'
import { glossaryOf } from './glossary.js'
import { escapeHtml } from './html.js'
import { type Section, type Table, aboutOf, headlinesOf, sectionsOf } from './sections.js'
import type { CasePassage, EvalReport, QueryCase } from './types.js'

/** The longest comment that GitHub takes has 65,536 characters; the rest is for words of your own around the report. */
const LONGEST_MARKDOWN = 60_000

/** How much of the queries is shown; the next is tried when the one before is too long. */
const SIZES = [
  { cases: Infinity, characters: Infinity },
  { cases: Infinity, characters: 240 },
  { cases: 5, characters: 240 },
  { cases: 3, characters: 120 },
  { cases: 0, characters: 120 },
] as const

type Size = (typeof SIZES)[number]

/**
 * The report as GitHub-flavoured Markdown, with the figures of the page and the JSON; tables and queries are folded. Fits
 * into a comment: of what would be longer than {@link LONGEST_MARKDOWN} characters, passages are cut and queries left out,
 * and it says so.
 */
export function renderMarkdown(report: EvalReport): string {
  let text = ''
  for (const size of SIZES) {
    text = render(report, size)
    if (text.length <= LONGEST_MARKDOWN) break
  }
  return text
}

function render(report: EvalReport, size: Size): string {
  const { title, verdict, warnings, queries } = report
  const parts = [
    `# ${plain(beginningOf(title))}`,
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
    ...casesOf('Queries that gained most', queries.gained, size),
    ...casesOf('Queries that lost most', queries.lost, size),
    '## What was measured',
    listOf(aboutOf(report)),
    ...folded('Words used here', [listOf(glossaryOf(report))]),
  ]
  return `${parts.join('\n\n')}\n`
}

function listOf(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, text]) => `- ${plain(name)}: ${plain(beginningOf(text))}`).join('\n')
}

/** Shown when it is opened. The blank lines make what is inside Markdown again. */
function folded(summary: string, parts: readonly string[]): string[] {
  return [`<details><summary>${escapeHtml(oneLine(summary))}</summary>`, ...parts, '</details>']
}

function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim()
}

function sectionOf({ title, paragraphs, table, tables = [] }: Section): string[] {
  const all = table === undefined ? tables : [table, ...tables]
  return [`## ${title}`, ...paragraphs.map(plain), ...all.flatMap((one) => folded(one.caption, [tableOf(one)]))]
}

/** `isText`: cells are read and not compared, so they stand to the left. */
function tableOf({ heads, rows }: Omit<Table, 'caption'>, isText = false): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(plain).join(' | ')} |`
  const rule = `|${heads.map((_, at) => (at === 0 || isText ? ' --- ' : ' ---: ')).join('|')}|`
  return [line(heads), rule, ...rows.map(line)].join('\n')
}

function casesOf(title: string, cases: readonly QueryCase[], size: Size): string[] {
  if (cases.length === 0) return []
  const shown = cases.slice(0, size.cases)
  const isCut = shown.length < cases.length || size.characters < Infinity
  const note = `Shortened to fit into a comment: ${shown.length} of ${cases.length} are shown, passages by their beginning. The page, written with --html, has all of them.`
  return [`## ${title}`, ...(isCut ? [note] : []), ...shown.flatMap((one) => caseOf(one, size))]
}

function caseOf(one: QueryCase, { characters }: Size): string[] {
  const { query, queryId, firstStage, reranked, difference, before, after } = one
  const figures = `${format.value(firstStage)} → ${format.value(reranked)} (${format.signed(difference)})`
  const rows = Math.max(before.length, after.length)
  const cells = (passages: readonly CasePassage[], at: number): string => {
    const passage = passages[at]
    if (passage === undefined) return ''
    return `${passage.rank}. ${markOf(passage)}${beginningOf(passage.text ?? passage.id, characters)}`
  }
  return folded(`${format.signed(difference)} ${beginningOf(query, characters)}`, [
    `${plain(queryId)}: ${figures}`,
    tableOf(
      {
        heads: ['As found', 'Reranked'],
        rows: Array.from({ length: rows }, (_, at) => [cells(before, at), cells(after, at)]),
      },
      true,
    ),
  ])
}

function markOf({ grade }: CasePassage): string {
  return grade !== undefined && grade > 0 ? `✓ (grade ${grade}) ` : ''
}

/** Text that Markdown shows as it is: no markup, no HTML, no line break. Passages are untrusted. */
function plain(text: string): string {
  return oneLine(text).replace(/[\\`*_{}[\]<>#|~!&]/gu, (character) => `\\${character}`)
}
