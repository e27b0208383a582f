import { styleText } from 'node:util'
import { type Io, type Output, tell } from '../io.js'
import { printableLine } from '../printable.js'

type Style = Parameters<typeof styleText>[0]

/** Whether text on a stream may have colours: a terminal that can, and no `NO_COLOR`. */
export function hasColour(stream: Output, env: Io['env']): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

/** Styles a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string

/** What styles text for a stream. */
export function painter(stream: Output, env: Io['env']): Paint {
  if (!hasColour(stream, env)) return (_style, text) => text
  return (style, text) => styleText(style, text)
}

/**
 * Rows as text, columns aligned: the first to the left, the others, which are numbers unless told otherwise, to the right.
 * For a person; programs read `--json`. Cells may come from outside: nothing in them can play with a terminal.
 */
export function table(cells: readonly (readonly string[])[], others: 'left' | 'right' = 'right'): string {
  const rows = cells.map((row) => row.map(printableLine))
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)))
  const align = (cell: string, at: number): string =>
    at === 0 || others === 'left' ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)
  return rows.map((row) => row.map(align).join('  ').trimEnd()).join('\n')
}

/** A share as a percentage: `45 %`. */
export function percent(share: number, digits = 0): string {
  return `${(share * 100).toFixed(digits)} %`
}

/** Says how far a long piece of work has come: a bar on a terminal, a line now and then elsewhere. */
export interface Progress {
  /** @param done how much of the total is done, in the unit of the total */
  update(done: number, total?: number): void
  /** Clears a bar, so that what is printed next stands on a clean line. */
  stop(): void
}

/** How a bar is labelled. */
export interface ProgressOptions {
  /** What is being done, for example `scoring`. */
  readonly label: string
  /** How much there is to do; missing when it is unknown. */
  readonly total?: number | undefined
  /** How much was done before: counts as done, and not towards the speed. Default: what the first update says. */
  readonly start?: number | undefined
  /** How an amount is written. Default: the number. */
  readonly format?: ((amount: number) => string) | undefined
  /** A clock in milliseconds. Default: that of the machine. */
  readonly now?: (() => number) | undefined
}

/** Often enough for an eye, and seldom enough to cost nothing. */
const REDRAW_MS = 100
/** Often enough to see in a log that work goes on, and seldom enough to leave the log readable. */
const LINE_MS = 30_000
const CLEAR_LINE = '\r\u001b[K'

/** A bar on stderr when that is a terminal; elsewhere, as in a log, a line every 30 seconds, so that short work has none. */
export function startProgress(io: Io, options: ProgressOptions): Progress {
  return io.stderr.isTTY !== true || io.env['TERM'] === 'dumb' ? lines(io, options) : bar(io, options)
}

function lines(io: Io, { label, format = grouped, ...options }: ProgressOptions): Progress {
  const now = options.now ?? ((): number => performance.now())
  const begun = now()
  let from: Start | undefined = options.start === undefined ? undefined : { done: options.start, at: begun }
  let toldAt = begun
  return {
    update(done, total = options.total) {
      const at = now()
      from ??= { done, at }
      if (at - toldAt < LINE_MS) return
      toldAt = at
      const moment = { done, total, fresh: done - from.done, elapsedMs: at - from.at }
      const share =
        total === undefined || total <= 0 ? '' : ` of ${format(total)}, ${percent(Math.min(1, done / total))}`
      const left = timeLeft(moment)
      tell(io, `secondpass: ${label} ${format(done)}${share}${left === '' ? '' : `,${left}`}`)
    },
    stop: () => {},
  }
}

function bar(io: Io, options: ProgressOptions): Progress {
  const now = options.now ?? ((): number => performance.now())
  let from: Start | undefined = options.start === undefined ? undefined : { done: options.start, at: now() }
  let drawnAt = -Infinity
  let isShown = false
  return {
    update(done, total = options.total) {
      const at = now()
      from ??= { done, at }
      if (at - drawnAt < REDRAW_MS && done !== total) return
      drawnAt = at
      isShown = true
      io.stderr.write(
        CLEAR_LINE + drawBar(io, options, { done, total, fresh: done - from.done, elapsedMs: at - from.at }),
      )
    },
    stop() {
      if (isShown) io.stderr.write(CLEAR_LINE)
      isShown = false
    },
  }
}

/** Where the speed is counted from. */
interface Start {
  readonly done: number
  readonly at: number
}

interface Moment {
  readonly done: number
  readonly total: number | undefined
  /** How much was done in `elapsedMs`. */
  readonly fresh: number
  readonly elapsedMs: number
}

function grouped(amount: number): string {
  return amount.toLocaleString('en-US')
}

/** One line, never wider than the terminal: a wrapped line could not be cleared. */
function drawBar(io: Io, options: ProgressOptions, moment: Moment): string {
  const { label, format = grouped } = options
  const { done, total } = moment
  if (total === undefined || total <= 0) return `${label} ${format(done)}`.slice(0, columnsOf(io) - 1)
  const share = Math.min(1, done / total)
  const counts = `${format(done)}/${format(total)} ${Math.floor(share * 100)} %${timeLeft(moment)}`
  const width = Math.min(30, columnsOf(io) - label.length - counts.length - 4)
  if (width < 5) return `${label} ${counts}`.slice(0, columnsOf(io) - 1)
  const filled = Math.round(share * width)
  const paint = painter(io.stderr, io.env)
  return `${label} ${paint('cyan', '█'.repeat(filled))}${paint('dim', '░'.repeat(width - filled))} ${counts}`
}

/** Some terminals say 0 when they do not know. */
function columnsOf({ stderr }: Io): number {
  return Math.max(20, stderr.columns || 80)
}

/** By the speed so far; nothing until there is one. */
function timeLeft({ done, total = 0, fresh, elapsedMs }: Moment): string {
  if (fresh <= 0 || done >= total || elapsedMs < 500) return ''
  return ` ${duration(((total - done) * elapsedMs) / fresh)} left`
}

/** `45 s`, `12 min`, `3 h 20 min`. */
export function duration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  if (seconds < 100) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `850 kB`, `12.3 MB`. */
export function byteSize(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
