// The page: sends a question to the worker, shows its progress and what it found. It computes nothing itself.
import { questions } from '../passages.mjs'

const form = document.querySelector('#form')
const input = document.querySelector('#question')
const ask = document.querySelector('#ask')
const status = document.querySelector('#status')
const progress = document.querySelector('#progress')
const results = document.querySelector('#results')

const options = questions.map(({ question }) => new Option(question, question))
document.querySelector('#questions').append(...options)
input.value = 'What happens if my credit card expires?'

const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' })

const show = {
  loading({ file, fileBytes, fileTotal }) {
    const [done, all] = [fileBytes, fileTotal].map((bytes) => (bytes / 1e6).toFixed(1))
    status.textContent = `Loading ${file}: ${done} of ${all} MB`
    Object.assign(progress, { hidden: false, max: fileTotal || 1, value: fileBytes })
  },
  ready({ durationMs, threads }) {
    status.textContent = `Ready after ${(durationMs / 1000).toFixed(1)} s, ${threads}.`
    progress.hidden = true
    ask.disabled = false
  },
  ranking({ ranking: { results: ranked, report } }) {
    const { durationMs, stats } = report.stages.at(-1)
    status.textContent = `${stats.runs} passages read in ${durationMs.toFixed(0)} ms.`
    results.replaceChildren(...ranked.map(itemOf))
    ask.disabled = false
  },
  failed({ message }) {
    status.textContent = message
    progress.hidden = true
    ask.disabled = false
  },
}

function itemOf({ candidate, score, logit, index }) {
  const item = document.createElement('li')
  Object.assign(item.dataset, { id: candidate.id, logit })
  const title = document.createElement('strong')
  title.textContent = candidate.title
  const about = document.createElement('small')
  about.textContent = ` ${score.toFixed(3)}, BM25 had it at ${index + 1}`
  const text = document.createElement('div')
  text.textContent = candidate.text.length > 220 ? `${candidate.text.slice(0, 220)} …` : candidate.text
  item.append(title, about, text)
  return item
}

worker.addEventListener('message', ({ data }) => show[data.kind](data))
worker.addEventListener('error', ({ message }) => show.failed({ message: message || 'The worker did not start.' }))

ask.disabled = true
form.addEventListener('submit', (event) => {
  event.preventDefault()
  ask.disabled = true
  status.textContent = 'Reading …'
  worker.postMessage({ question: input.value })
})
