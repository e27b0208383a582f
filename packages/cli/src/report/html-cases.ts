import { Html, html } from './escape.js'
import * as format from './format.js'
import type { CasePassage, QueryCase } from './types.js'

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
