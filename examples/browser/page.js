// The page: sends questions to the worker, shows its progress, and what moved. It computes nothing itself.
import { questions } from '../passages.mjs'

/** How many of each list are shown. */
const SHOWN = 5
/** Characters of a passage that are shown. */
const LONGEST = 240

const byId = (id) => document.querySelector(`#${id}`)
const [form, question, own, passages, ask, status, progress, lists, before, results] = [
  'form',
  'question',
  'own',
  'passages',
  'ask',
  'status',
  'progress',
  'lists',
  'before',
  'results',
].map(byId)
const chosen = (name) => new FormData(form).get(name)

byId('questions').append(...questions.map(({ question: text }) => new Option(text, text)))
question.value = questions[0].question
passages.value = [
  'Money is taken from your card on the first day of each month.',
  'Refunds: to get your money back, write to us within 14 days of the payment.',
  'Your back-up copies are kept for 30 days.',
].join('\n\n')
// The build knows how large the files are.
for (const name of ['mini', 'tiny']) byId(name).textContent = `${Math.round(MODEL_BYTES[name] / 1e6)} MB`
status.textContent = 'The first question fetches the model and WebAssembly; the browser keeps them.'

const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' })
let pendingOwn = false

const show = {
  loading({ file, fileBytes, fileTotal }) {
    const [done, all] = [fileBytes, fileTotal].map((bytes) => (bytes / 1e6).toFixed(1))
    status.textContent = `Loading ${file}: ${done} of ${all} MB`
    Object.assign(progress, { hidden: false, max: fileTotal || 1, value: fileBytes })
  },
  ready({ durationMs, threads }) {
    status.textContent = `Ready after ${(durationMs / 1000).toFixed(1)} s, ${threads}.`
    progress.hidden = true
    byId('form').dataset.ready = status.textContent
  },
  ranking({ found, ranking: { results: ranked, report } }) {
    const { durationMs, stats = {}, outcome } = report.stages.at(-1)
    status.textContent =
      outcome === 'ranked'
        ? `${stats.runs} passages read in ${durationMs.toFixed(0)} ms.`
        : 'Not reranked: the model reads English only, and this looks like another language.'
    const rankOf = new Map(ranked.map(({ index, rank }) => [index, rank]))
    before.replaceChildren(
      ...found
        .slice(0, SHOWN)
        .map((candidate, index) => itemOf(candidate, { place: index + 1, to: rankOf.get(index) })),
    )
    results.replaceChildren(
      ...ranked
        .slice(0, SHOWN)
        .map(({ candidate, index, rank, score, logit }) =>
          itemOf(candidate, { place: rank, from: index + 1, score, logit }),
        ),
    )
    byId('before-title').textContent = pendingOwn ? 'Before, as you gave them' : 'Before, by BM25'
    lists.hidden = false
    ask.disabled = false
  },
  failed({ message }) {
    status.textContent = message
    progress.hidden = true
    ask.disabled = false
  },
}

/** `to`: where it stands afterwards, for the list before; `from`: where it stood, for the list after. */
function itemOf({ id, title, text }, { place, from, to, score, logit }) {
  const item = document.createElement('li')
  Object.assign(item.dataset, { id, ...(logit !== undefined && { logit }) })
  const head = add(item, 'div', 'head')
  add(head, 'span', 'place', `${place}.`)
  if (title !== undefined) add(head, 'strong', '', title)
  const steps = from === undefined ? place - to : from - place
  const other = from === undefined ? `to ${to}` : `from ${from}`
  add(head, 'span', `moved ${Math.sign(steps) > 0 ? 'up' : steps < 0 ? 'down' : ''}`, wordsFor(steps, other))
  // In the manual the title is the first line of the text as well.
  const body = title !== undefined && text.startsWith(`${title}\n`) ? text.slice(title.length + 1) : text
  add(item, 'div', 'text', body.length > LONGEST ? `${body.slice(0, LONGEST)} …` : body)
  if (score !== undefined) add(item, 'div', 'score', `score ${score.toFixed(3)}`)
  for (const kind of ['pointerenter', 'pointerleave'])
    item.addEventListener(kind, () => mark(id, kind === 'pointerenter'))
  return item
}

function wordsFor(steps, other) {
  if (steps > 0) return `▲ ${steps}, ${other}`
  return steps < 0 ? `▼ ${-steps}, ${other}` : 'stayed'
}

function add(parent, tag, className, text = '') {
  const element = Object.assign(document.createElement(tag), { className, textContent: text })
  parent.append(element)
  return element
}

/** The same passage in both lists. */
function mark(id, isSame) {
  for (const item of lists.querySelectorAll('li')) item.classList.toggle('same', isSame && item.dataset.id === id)
}

worker.addEventListener('message', ({ data }) => show[data.kind](data))
worker.addEventListener('error', ({ message }) => show.failed({ message: message || 'The worker did not start.' }))

form.addEventListener('change', () => (own.hidden = chosen('source') !== 'own'))
form.addEventListener('submit', (event) => {
  event.preventDefault()
  pendingOwn = chosen('source') === 'own'
  const texts = passages.value.split(/\n\s*\n/).map((text) => text.trim())
  const given = pendingOwn ? texts.filter((text) => text !== '') : undefined
  if (given?.length === 0)
    return show.failed({ message: 'There are no passages: paste some, an empty line between two.' })
  ask.disabled = true
  status.textContent = 'Reading …'
  worker.postMessage({ question: question.value, model: chosen('model'), given })
})
