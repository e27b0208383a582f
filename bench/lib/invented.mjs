/**
 * Invented prose: works and people of a town that does not exist. Every sentence is put together from the lists
 * below, so a benchmark needs no data set. The wording is varied enough (names, numbers, punctuation, rare words) to
 * give a WordPiece tokeniser ordinary work.
 */
import { pick } from './random.mjs'

const works = [
  { name: 'the tide mill at Karvel', part: 'sluice gate', unit: 'tonnes of barley', verb: 'grinds' },
  { name: 'the lamp network of Upper Tessamir', part: 'gas main', unit: 'cubic metres of gas', verb: 'burns' },
  { name: 'the Ormsand ferry line', part: 'paddle wheel', unit: 'passengers', verb: 'carries' },
  { name: 'the Hollowmere seed vault', part: 'cooling coil', unit: 'seed samples', verb: 'stores' },
  { name: 'the glassworks in Brinnet Lane', part: 'annealing kiln', unit: 'window panes', verb: 'casts' },
  { name: 'the Pellaquay observatory', part: 'refractor lens', unit: 'star positions', verb: 'records' },
  { name: 'the municipal bathhouse of Drumlock', part: 'boiler', unit: 'litres of spring water', verb: 'heats' },
  { name: 'the Vintry archive', part: 'reading room', unit: 'parchment rolls', verb: 'keeps' },
  { name: 'the rope walk on Saltern Quay', part: 'spinning frame', unit: 'fathoms of hemp rope', verb: 'twists' },
  { name: 'the Quillbrook paper mill', part: 'pulp vat', unit: 'reams of rag paper', verb: 'presses' },
  { name: 'the cable railway to Mount Aldersey', part: 'winding drum', unit: 'mail sacks', verb: 'hauls' },
  { name: 'the Fennick dye house', part: 'indigo cistern', unit: 'bolts of wool', verb: 'colours' },
]
const people = [
  'Ilse Marrowby',
  'Tobias Quenn',
  'Dr Anwen Foss',
  'Harrold Vetch',
  'Mirelle Ostrander',
  'old Jory Kemble',
]
const roles = [
  'the surveyor',
  'the harbour clerk',
  'the chief engineer',
  'an apprentice',
  'the inspector',
  'the ward council',
]
const causes = [
  'after the flood of the third winter',
  'because the drought lowered the reservoir',
  'when the guild changed its charter',
  'following a strike of the lightermen',
  'once the northern embankment had settled',
  'owing to a shortage of seasoned oak',
]
const manners = [
  'without interruption',
  'at roughly half of its rated capacity',
  'under a temporary permit',
  'more cheaply than before',
  'as the by-laws require',
  'to the dismay of its neighbours',
]
const times = [
  'in a single week',
  'every quarter',
  'between dawn and noon',
  'per day in summer',
  'during the frost months',
  'over the whole season',
]
const remarks = [
  'Nobody has offered a better explanation',
  'The figures were never audited',
  'Visitors are admitted on market days',
  'The drawings survive in two incomplete copies',
  'A brass plate by the entrance repeats the claim',
  'Maintenance was deferred, then forgotten',
]

const number = (random) =>
  pick(random, [
    () => 2 + Math.floor(random() * 97),
    () => `${1 + Math.floor(random() * 48)},${100 + Math.floor(random() * 899)}`,
    () => (random() * 40).toFixed(1),
    () => 1700 + Math.floor(random() * 250),
  ])()

/** Sentence makers: (random, work) => a sentence about that work. */
const sentences = [
  (r, w) => `${capital(w.name)} ${w.verb} ${number(r)} ${w.unit} ${pick(r, times)}.`,
  (r, w) =>
    `${pick(r, people)} rebuilt the ${w.part} of ${w.name} ${pick(r, causes)}, and it has run ${pick(r, manners)} ever since.`,
  (r, w) => `According to ${pick(r, roles)}, the ${w.part} cost ${number(r)} crowns and weighed ${number(r)} stone.`,
  (r, w) => `${pick(r, remarks)}; ${pick(r, roles)} only noted that ${w.name} had closed for ${number(r)} days.`,
  (r, w) =>
    `In the year ${1650 + Math.floor(r() * 300)} a second ${w.part} was ordered, yet it arrived ${pick(r, causes)}.`,
  (r, w) =>
    `${capital(pick(r, roles))} asked ${pick(r, people)} whether ${w.name} could work ${pick(r, manners)} (it could not).`,
  (r, w) =>
    `The regulations of 18${10 + Math.floor(r() * 89)} limit the output to ${number(r)} ${w.unit} ${pick(r, times)}, a rule that is still in force.`,
  (r) => `${pick(r, remarks)}, though ${pick(r, people)} wrote a 'short and partial' history of it ${pick(r, causes)}.`,
]

/** Question makers: (work) => a question that some of the sentences answer. */
const questions = [
  (w) => `How many ${w.unit} does ${w.name} handle, and how often?`,
  (w) => `Who rebuilt the ${w.part} of ${w.name}, and why?`,
  (w) => `What did the ${w.part} of ${w.name} cost?`,
  (w) => `Why was a second ${w.part} ordered for ${w.name}?`,
  (w) => `Which rule limits the output of ${w.name}?`,
]

/** @returns {{ query: string, paragraph: () => Generator<string> }} a question, and endless prose of which a third is on its subject */
export function inventedTopic(random, position) {
  const subject = works[Math.floor(random() * works.length)]
  return {
    query: questions[position % questions.length](subject),
    *paragraph() {
      const work = random() < 0.33 ? subject : pick(random, works)
      for (;;) yield pick(random, sentences)(random, work)
    },
  }
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1)
}
