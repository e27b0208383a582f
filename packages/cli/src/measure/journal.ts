import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { misuse, show } from '../errors.js'
import { LineFile, discard, putInPlace, refuseForeign } from '../files/line-file.js'
import { Lock } from '../files/lock.js'
import { makeIgnoredFolder } from '../files/replace.js'
import { targetOf } from '../files/target.js'
import { isObject } from '../input/json-lines.js'
import { type Settings, firstDifference } from '../work/batch.js'

/** One query that was reranked: what there is to measure, and no text but the query. */
export interface Scored {
  readonly queryId: string
  readonly query: string
  /** Document ids in the order of the first stage. */
  readonly ids: readonly string[]
  readonly firstStage: readonly (number | null)[]
  /** Places in `ids`, best first, as the reranker ordered them. */
  readonly order: readonly number[]
  /** The scorer's own number for each of `ids`; `null` where it gave none. */
  readonly scores: readonly (number | null)[]
  readonly outcome: string
  /** Id of the scorer that answered; missing for a query without candidates. */
  readonly scorerId?: string
  readonly blended: boolean
  /** The model's share in the mix, 0 to 1; missing when scores were not mixed. */
  readonly blendWeight?: number
  /** How long each text is, in characters: what a prompt takes is estimated from it. */
  readonly characters: readonly number[]
  readonly durationMs: number
}

/** The scored queries of a run that may be stopped and continued. */
export interface Journal {
  readonly path: string
  /** What was scored so far, by query id; grows with `add`. */
  readonly scored: ReadonlyMap<string, Scored>
  add(scored: Scored): void
  /** Everything is there. */
  finish(): void
  close(): void
}

/** Where states stand that nobody named. It keeps itself out of version control. */
const STATES = '.secondpass'

/**
 * Where a run with these settings keeps its scores unless told otherwise: other settings, another file. Makes the folder
 * for it, with a `.gitignore` that leaves it out.
 *
 * @throws CliError when the folder cannot be made; `--state` names another place.
 */
export function defaultJournalPath(settings: Settings): string {
  makeIgnoredFolder(STATES)
  const digest = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 10)
  return join(STATES, `scores-${digest}.jsonl`)
}

/** How each of our files begins, and each of its other lines. */
const BEGINS = ['{"secondpass":"scored"', '{"queryId":']

/**
 * Opens the file of a run, or begins it. Its first line holds the settings, each other line one query. What is scored again
 * grows in `<path>.part` and takes the place of the old scores when all of it is there.
 *
 * @throws CliError when the file was begun with other settings, is none of ours, or is written by another process.
 */
export async function openJournal(
  path: string,
  settings: Settings,
  { restart }: { readonly restart: boolean },
): Promise<Journal> {
  const title = `--state ${path}`
  const target = targetOf(path, { follow: false })
  const lock = Lock.take(target, path)
  let file: LineFile | undefined
  const close = (): void => {
    file?.close()
    lock.release()
  }
  try {
    refuseForeign(target, { title, begins: BEGINS })
    const place = placeOf(target, { title, restart })
    file = new LineFile(place, { lock, title: place === target ? title : `--state ${place}`, begins: BEGINS })
    const scored = await readScored(file, settings)
    return journalOf(file, { path, target, scored, close })
  } catch (error) {
    close()
    throw error
  }
}

function journalOf(
  file: LineFile,
  { path, target, scored, close }: Pick<Journal, 'path' | 'close'> & { target: string; scored: Map<string, Scored> },
): Journal {
  return {
    path,
    scored,
    add(entry) {
      file.add(JSON.stringify(entry))
      scored.set(entry.queryId, entry)
    },
    finish() {
      file.sync()
      if (file.path !== target) putInPlace(file.path, target)
    },
    close,
  }
}

/** What is begun anew, or was and is not finished, stands beside what it will replace. */
function placeOf(target: string, { title, restart }: { readonly title: string; readonly restart: boolean }): string {
  const part = `${target}.part`
  if (!restart) return existsSync(part) ? part : target
  discard(part, { title, begins: BEGINS })
  return (statSync(target, { throwIfNoEntry: false })?.size ?? 0) === 0 ? target : part
}

/** What the file holds so far; its header is written if it holds nothing. */
async function readScored(file: LineFile, settings: Settings): Promise<Map<string, Scored>> {
  const scored = new Map<string, Scored>()
  if (file.isEmpty) {
    file.add(JSON.stringify({ secondpass: 'scored', version: 1, settings }))
    return scored
  }
  let isHeader = true
  for await (const { text } of file.lines()) {
    if (isHeader) checkHeader(file.path, text, settings)
    else {
      const entry = readEntry(file.path, text)
      scored.set(entry.queryId, entry)
    }
    isHeader = false
  }
  file.mend()
  return scored
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

function readEntry(path: string, text: string): Scored {
  const entry = parsed(text)
  const { queryId, query, ids, ...lists } = entry
  const isScored =
    typeof queryId === 'string' &&
    typeof query === 'string' &&
    Array.isArray(ids) &&
    ['firstStage', 'order', 'scores', 'characters'].every((name) => Array.isArray(lists[name]))
  if (isScored) return entry as unknown as Scored
  throw misuse(`--state ${path} holds ${show(text)}, which is no score: name another file, or add --restart`)
}

function checkHeader(path: string, text: string, settings: Settings): void {
  const fix = 'name another file with --state, or add --restart to score again'
  const { secondpass, version, settings: begun } = parsed(text)
  if (secondpass !== 'scored' || version !== 1 || !isObject(begun)) {
    throw misuse(`--state ${path} was not written by this version of secondpass: ${fix}`)
  }
  const difference = firstDifference(begun, settings)
  if (difference !== undefined) throw misuse(`--state ${path} was begun with ${difference}: ${fix}`)
}
