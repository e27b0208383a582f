import { styleText } from 'node:util'
import type { Io, Output } from '../io.js'

type Style = Parameters<typeof styleText>[0]

/** Whether text on a stream may have colours: a terminal that can, and nobody who set `NO_COLOR`. */
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
