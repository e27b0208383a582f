/**
 * What could play with a terminal or a reader: control characters (the escape sequences of terminals begin with one), marks
 * that turn the direction of writing, separators of lines and paragraphs, and characters that nobody sees.
 */
const UNSAFE =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu

/**
 * A text from outside as it may stand on a terminal: what could play with it is written out, as in `\u001b`. Inside JSON
 * that means the same, so JSON stays JSON. Line feeds and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, (found) => found.split('').map(written).join(''))
}

/** The same on one line, for what is a part of a line. */
export function printableLine(text: string): string {
  return printable(text).replaceAll(/[\n\t]/g, written)
}

function written(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
