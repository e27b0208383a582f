import { drawChart } from './charts.js'
import * as format from './format.js'
import { glossaryOf } from './glossary.js'
import { type Headline, type Section, type Table, aboutOf, headlinesOf, sectionsOf } from './sections.js'
import { style } from './style.js'
import type { CasePassage, EvalReport, QueryCase } from './types.js'

/** HTML that may stand in a page as it is. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Html | readonly Html[]

/**
 * A template of HTML: whatever is put into it is escaped, unless it came out of this function itself. Queries, passages and
 * ids are untrusted text.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((text, next, at) => text + textOf(parts[at - 1] as Part) + next))
}

/** Text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function textOf(part: Part): string {
  if (part instanceof Html) return part.text
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  return part.map(({ text }) => text).join('')
}

/** Nothing is loaded and nothing runs, whatever a passage holds. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'"

/**
 * The report as one HTML page that needs nothing else: no script, no font, no request. Light or dark as the reader's
 * system is; every chart has its figures in a table.
 */
export async function renderHtml(report: EvalReport): Promise<string> {
  const sections = sectionsOf(report)
  const bodies: Html[] = []
  for (const section of sections) bodies.push(await sectionOf(section, report))
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="color-scheme" content="light dark" />
        <title>${report.title}</title>
        <style>
          ${new Html(style)}
        </style>
      </head>
      <body>
        <a class="skip-link" href="#lift">Skip to the figures</a>
        <header class="${report.verdict.kind}">${verdictOf(report)}</header>
        <nav aria-label="Parts of this report">
          <ul>
            ${linksOf(sections, report)}
          </ul>
        </nav>
        <main>${bodies} ${casesOf('gained', report.queries.gained)} ${casesOf('lost', report.queries.lost)}</main>
        <footer>${aboutSection(report)}</footer>
      </body>
    </html> `
  return page.text
}

function aboutSection(report: EvalReport): Html {
  return html`<h2>What was measured</h2>
    ${listOf(aboutOf(report))}
    <details id="words">
      <summary>Words used here</summary>
      ${listOf(glossaryOf(report))}
    </details> `
}

function listOf(pairs: readonly (readonly [name: string, text: string])[]): Html {
  const entries = pairs.map(
    ([name, text]) =>
      html`<div>
        <dt>${name}</dt>
        <dd>${text}</dd>
      </div>`,
  )
  return html`<dl>${entries}</dl>`
}

const WORDS = {
  helps: '▲ It helps',
  'no-measurable-help': '■ No measurable help',
  hurts: '▼ It hurts',
  'too-few-queries': '… Too few queries to tell',
} as const

function verdictOf(report: EvalReport): Html {
  const { title, verdict, warnings } = report
  return html`<h1>${title}</h1>
    <p class="verdict">${WORDS[verdict.kind]}</p>
    <p class="sentence">${verdict.sentence}</p>
    ${warnings.map((warning) => html`<p class="warning"><strong>Mind:</strong> ${warning}</p>`)}
    <ul class="headlines">
      ${headlinesOf(report).map(headlineOf)}
    </ul>`
}

function headlineOf({ label, figure, detail }: Headline): Html {
  return html`<li>
    <span class="label">${label}</span><span class="figure">${figure}</span><span class="detail">${detail}</span>
  </li>`
}

function linksOf(sections: readonly Section[], { queries }: EvalReport): Html[] {
  const cases = [
    ...(queries.gained.length > 0 ? [{ id: 'gained', title: 'Most gained' }] : []),
    ...(queries.lost.length > 0 ? [{ id: 'lost', title: 'Most lost' }] : []),
  ]
  return [...sections, ...cases].map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)
}

async function sectionOf(
  { id, title, paragraphs, chart, table, tables = [] }: Section,
  report: EvalReport,
): Promise<Html> {
  const label = `Chart: ${table?.caption ?? title}. The figures are in the table below it.`
  const drawn = chart === undefined ? '' : await drawChart(chart, report, escapeHtml(label))
  const figure = chart === undefined ? [] : [html`<figure>${new Html(drawn)}</figure>`]
  const behind =
    table === undefined
      ? []
      : [
          html`<details>
            <summary>The figures as a table</summary>
            ${tableOf(table)}
          </details>`,
        ]
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <div class="beside">
      <div>
        <h2 id="${id}-title">${title}</h2>
        ${paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}
      </div>
      ${figure}
    </div>
    ${behind}${tables.map(tableOf)}
  </section> `
}

function tableOf({ caption, heads, rows }: Table): Html {
  const head = heads.map((text) => (text === '' ? html`<td></td>` : html`<th scope="col">${text}</th>`))
  const body = rows.map(([name = '', ...cells]) => {
    return html`<tr>
      <th scope="row">${name}</th>
      ${cells.map((cell) => html`<td>${cell}</td>`)}
    </tr>`
  })
  // A table wider than the page scrolls in a box of its own, which the keyboard must reach.
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`
}

const TITLES = { gained: 'Queries that gained most', lost: 'Queries that lost most' } as const

/** The queries of one side, each to be opened, with the two orders next to each other; nothing when there are none. */
export function casesOf(side: keyof typeof TITLES, cases: readonly QueryCase[]): Html {
  if (cases.length === 0) return new Html('')
  return html`<section id="${side}" aria-labelledby="${side}-title">
    <h2 id="${side}-title">${TITLES[side]}</h2>
    ${cases.map((one, at) => caseOf(one, at === 0))}
  </section> `
}

function caseOf({ queryId, query, firstStage, reranked, difference, before, after }: QueryCase, isOpen: boolean): Html {
  const figures = `${format.value(firstStage)} → ${format.value(reranked)}`
  const kind = difference > 0 ? 'up' : 'down'
  return html`<details class="case" ${new Html(isOpen ? ' open' : '')}>
    <summary>
      <span class="query" dir="auto">${query}</span> <span class="change ${kind}">${format.signed(difference)}</span>
    </summary>
    <p class="figures">${queryId}: ${figures}</p>
    <div class="orders">${orderOf('As found', before, 'reranked')}${orderOf('Reranked', after, 'found')}</div>
  </details> `
}

function orderOf(title: string, passages: readonly CasePassage[], other: 'reranked' | 'found'): Html {
  return html`<div>
    <h3>${title}</h3>
    <ol>
      ${passages.map((passage, at) => passageOf(passage, other, passages[at - 1]?.rank))}
    </ol>
  </div>`
}

function passageOf(
  { id, rank, otherRank, grade, text }: CasePassage,
  other: 'reranked' | 'found',
  above?: number,
): Html {
  const isRelevant = grade !== undefined && grade > 0
  const gap = above !== undefined && rank > above + 1
  const moved = other === 'found' ? movedFrom(rank, otherRank) : movedTo(rank, otherRank)
  const judged = grade === undefined ? 'not judged' : isRelevant ? `relevant (${format.count(grade)})` : 'not relevant'
  return html`<li value="${rank}" class="${isRelevant ? 'relevant' : ''}${gap ? ' gap' : ''}">
    <p class="place">
      <span class="rank">${rank}</span> <span class="grade">${isRelevant ? '✓ ' : ''}${judged}</span>
      <span class="moved">${moved}</span>
    </p>
    <p class="text" dir="auto">${text ?? id}</p>
  </li> `
}

/** Where a passage of the new order stood before. */
function movedFrom(rank: number, otherRank: number | undefined): string {
  if (otherRank === undefined) return 'new'
  if (otherRank === rank) return 'same place'
  return otherRank > rank ? `▲ from ${otherRank}` : `▼ from ${otherRank}`
}

/** Where a passage of the old order stands now. */
function movedTo(rank: number, otherRank: number | undefined): string {
  if (otherRank === undefined) return 'left out'
  if (otherRank === rank) return 'same place'
  return otherRank < rank ? `▲ to ${otherRank}` : `▼ to ${otherRank}`
}
