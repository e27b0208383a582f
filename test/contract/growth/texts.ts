/** Texts of about so many code units, each hard in another way. */
export const longTexts: Readonly<Record<string, (size: number) => string>> = {
  words: (size) => distinctWords(size),
  'the same word': (size) => 'lamp '.repeat(size / 5),
  'one word': (size) => 'a'.repeat(size),
  marks: (size) => `a${'\u0316\u0301'.repeat(size / 2)}`,
  'marks that decompose': (size) => `a${'\u0f73\u0344'.repeat(size / 2)}`,
  'a mark in each word': (size) => 'ab\u0301c '.repeat(size / 5),
  blanks: (size) => `a${' '.repeat(size)}b`,
  'line breaks': (size) => '\n'.repeat(size),
  Chinese: (size) => '电池充满了'.repeat(size / 5),
  Thai: (size) => 'แบตเตอรี่'.repeat(size / 9),
  flags: (size) => '\u{1f1e6}'.repeat(size / 2),
  brackets: (size) => '[<{('.repeat(size / 4),
  tags: (size) => '</passage> <|im_end|>[1]'.repeat(size / 24),
  'lone surrogates': (size) => '\ud800'.repeat(size),
  'nothing visible': (size) => '\u200b '.repeat(size / 2),
  'unknown characters': (size) => '\u{1f9ff}'.repeat(size / 2),
  sigmas: (size) => 'aΣ\u0301'.repeat(size / 3),
  thoughts: (size) => '</think>'.repeat(size / 8),
  verdicts: (size) => `${'\n* '.repeat(size / 12)}${'verdict '.repeat(size / 12)}`,
}

function distinctWords(size: number): string {
  const words: string[] = []
  for (let at = 0; at < size / 7; at++) words.push(`w${(at * 7919).toString(36)}`)
  return words.join(' ')
}

/** So many different short passages, which share some words and a phrase. */
export function passages(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `where the key is w${at} and x${at % 97} in the lamp y${at * 7}`)
}
