import { drawChart } from './charts.js'
import { Html, escapeHtml, html } from './escape.js'
import { casesOf } from './html-cases.js'
import type { Section, Table } from './section.js'
import { type Headline, aboutOf, headlinesOf, sectionsOf } from './sections.js'
import { style } from './style.js'
import type { EvalReport } from './types.js'

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
        <footer>
          <h2>What was measured</h2>
          <dl>
            ${aboutOf(report).map(
              ([name, text]) =>
                html`<div>
                  <dt>${name}</dt>
                  <dd>${text}</dd>
                </div>`,
            )}
          </dl>
        </footer>
      </body>
    </html> `
  return page.text
}

const WORDS = { helps: '▲ It helps', 'no-measurable-help': '■ No measurable help', hurts: '▼ It hurts' } as const

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
