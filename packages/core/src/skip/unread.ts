import { between, type Check, languageCodes, type OptionTable, readOptions, withDefault } from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import { normalizeText } from '../base/words.js'
import type { Pool, SkipPolicy } from '../types.js'
import { anyOf, definePolicy } from './policy.js'

/** Options of {@link otherScript}. */
export interface OtherScriptOptions {
  /** Unicode names of the scripts that the scorer reads, for example `['Latin', 'Greek']`. Default `['Latin']`. */
  readonly scripts?: readonly string[] | undefined
  /**
   * Languages that the scorer reads, as two letters of ISO 639-1 each, for example `['en']`: skips as well when the small
   * words of the passages (`der`, `los`, `que`) are clearly of another. Default: none; languages are not looked at.
   */
  readonly languages?: readonly string[] | undefined
  /** Skips when more than this share of the query's letters is of other scripts; from 0 to 1. Default 0.5; 1 never skips. */
  readonly maxShare?: number | undefined
}

/** At least one name of a Unicode script. */
const scriptNames: Check<readonly string[]> = (name, value) => {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalidArgument(name, value, "pass the Unicode names of the scripts that the scorer reads, as in ['Latin']")
  }
  for (const script of value as unknown[]) {
    if (!isScript(script)) {
      throw invalidArgument(name, script, "pass the name of a Unicode script, such as 'Latin', 'Cyrillic' or 'Han'")
    }
  }
}

const OTHER_SCRIPT = {
  scripts: withDefault(scriptNames, ['Latin']),
  languages: languageCodes,
  maxShare: withDefault(between(0, 1), 0.5),
} satisfies OptionTable<OtherScriptOptions>

/**
 * Skips when most letters of the query belong to a script that the scorer was not trained on, for example a Chinese or
 * Arabic question in front of the bundled English model, whose scores for it mean little. A stage does this by itself when
 * its scorer says which scripts it reads and the stage has no policy of its own.
 *
 * It counts letters: German, Spanish and Vietnamese are written in Latin letters and pass, unless `languages` says what is
 * read and there are 30 words or more of passages to know their language by. A query without letters (`2024`, `???`) is not
 * skipped. The evidence names what is read and what was found most; the reason of a language is `'other-language'`.
 *
 * @throws RerankError `'invalid-argument'` for a name that is no Unicode script, a code that is none, or a share outside
 *   its range.
 */
export function otherScript(options: OtherScriptOptions = {}): SkipPolicy {
  const { scripts, languages, maxShare } = readOptions(OTHER_SCRIPT, options)
  const known = lettersOf(scripts)
  const byLetters = definePolicy(
    'other-script',
    ({ query }) => {
      const start = query.slice(0, LONGEST_READ)
      const letters = start.match(LETTER)?.length ?? 0
      const otherLetters = letters - (start.match(known)?.length ?? 0)
      const found = otherLetters === 0 ? {} : { found: mainScript(start.replaceAll(known, '')) }
      return { letters, otherLetters, scripts: scripts.join(', '), ...found, maxShare }
    },
    ({ letters, otherLetters }) => letters > 0 && otherLetters > maxShare * letters,
  )
  return languages === undefined ? byLetters : anyOf(byLetters, otherLanguage(languages))
}

/** Code units of the query that are looked at: enough to know its script, however long it is. */
const LONGEST_READ = 1000

/** Letters that belong to no script in particular (`ª`, `ー`) count for none. */
const LETTER = /(?=\p{L})\P{Script=Common}/gu

/** Letters of these scripts. `Script_Extensions` knows the letters that several scripts share. */
function lettersOf(scripts: readonly string[]): RegExp {
  const classes = scripts.map((script) => `\\p{Script_Extensions=${script}}`)
  return new RegExp(`(?=\\p{L})(?=\\P{Script=Common})[${classes.join('')}]`, 'gu')
}

function isScript(name: unknown): boolean {
  if (typeof name !== 'string' || !/^[A-Za-z_]+$/.test(name)) return false
  try {
    return lettersOf([name]) instanceof RegExp
  } catch {
    return false
  }
}

/** The scripts that most of the world writes in: a report names these, and says `another` for the rest. */
const NAMED_SCRIPTS =
  'Latin Cyrillic Greek Han Hiragana Katakana Hangul Arabic Hebrew Devanagari Bengali Tamil Telugu Kannada Malayalam Gujarati Gurmukhi Sinhala Thai Lao Khmer Myanmar Georgian Armenian Ethiopic Tibetan'.split(
    ' ',
  )

/** The script that most letters of a text are in. */
function mainScript(text: string): string {
  let [main, most] = ['another', 0]
  for (const script of NAMED_SCRIPTS) {
    const letters = text.match(lettersOf([script]))?.length ?? 0
    if (letters > most) [main, most] = [script, letters]
  }
  return main
}

/**
 * The commonest small words of languages in Latin letters, none of them a word of English as well. English has its own
 * list, to be held against.
 */
const SMALL_WORDS: Readonly<Record<string, string>> = {
  en: 'the of and to is that for was with are this from which by it as be or not has have were their at on can in an',
  ca: 'els les amb dels que per una és aquesta aquest seva però més també com són entre molt quan sense',
  cs: 'je se na že který která jsou jako pro byl byla byli nebo ale jeho také po od kde aby když',
  da: 'og det der på af til med ikke som den et har blev eller fra hvor kan ved også efter være',
  de: 'der und das den von zu mit dem des ist im für auf sich nicht ein eine als auch es wird aus bei wurde zum zur',
  es: 'el los las del que en una por con para es se su al como más fue pero sus este esta también entre cuando',
  et: 'ja on ei see ta oli kui ka mis oma aga ning või selle nad siis välja veel kes mida',
  fi: 'ja on ei se että oli hän mutta kun myös joka tai olivat ovat sen vuonna sekä kuin niin mukaan',
  fr: 'les des et est une dans que pour qui au aux du sur pas par avec sont il elle cette ces été mais leur où',
  hr: 'je se na su za od koji koja što kao bio bila ali ili iz njegov također godine nakon gdje',
  hu: 'az és hogy nem egy volt ez meg csak mint már vagy de is még ezt kell azt után között',
  id: 'yang dan di dari untuk dengan pada ini itu adalah tidak dalam oleh akan sebagai telah juga atau karena kepada',
  it: 'il di che la del della per una con sono gli le nel dei è da si alla anche come delle dal più questo ed nella',
  lt: 'ir yra kad su buvo iš kaip bet tai jis apie po jo dėl arba nuo kurie taip pat metais',
  lv: 'un ir ka no par ar bija kas uz tika arī bet kā pēc viņš līdz vai gada pie gadā',
  nl: 'de het een van en niet dat zijn met op te voor er aan ook wordt werd naar bij uit maar door deze als',
  no: 'og det er på av til med ikke som den et har ble eller fra hvor kan ved også etter være',
  pl: 'się na nie jest że do jak przez od dla był była oraz który która są jako także jego ale lub gdzie',
  pt: 'que os do da em um uma para com não por mais as dos foi ao pelo são seu sua como também pela nas',
  ro: 'și în cu pe care este din sau după ale lor fi a fost nu pentru că mai sunt prin despre după lui dar',
  sk: 'je sa na že ktorý ktorá sú ako pre bol bola boli alebo ale jeho tiež po od kde aby keď',
  sl: 'je se na so za od ki kot bil bila ali pa tudi po iz njegov leta kjer ko zaradi',
  sv: 'och det är på av till med inte som den ett har blev eller från var kan vid också efter vara',
  tr: 've bir bu da de için ile olarak olan daha gibi çok sonra kadar ancak tarafından ise değil her olduğu',
  vi: 'và của là có được trong cho không với các một những người này đã để khi từ tại về',
}

/** What of the passages is looked at: enough to know a language by, in a twentieth of a millisecond. */
const MOST_PASSAGES = 12
const LONGEST_START = 300

/** Fewer words say too little. */
const FEWEST_WORDS = 30

/** One word again and again, such as `el` in code, is no language. */
const FEWEST_DISTINCT = 4

/** The least share of the words that the small words of another language have where it is spoken, by a wide margin. */
const LEAST_SHARE = 0.06

/**
 * Skips when the passages are in a language that the scorer does not read, known by its small words (`der`, `los`, `que`):
 * they are at least 6 % of the words that are looked at, and at least twice as many as those of any language read. It wants
 * evidence for another language, not against the ones read, since lists of products or commands have small words of none.
 *
 * @param languages two letters of ISO 639-1 each.
 */
function otherLanguage(languages: readonly string[]): SkipPolicy {
  return definePolicy(
    'other-language',
    (pool) => {
      const words = wordsIn(pool)
      if (words.length < FEWEST_WORDS) return undefined
      const counts = countSmallWords(words)
      const read = languages.reduce((most, language) => Math.max(most, counts.get(language) ?? 0), 0)
      const [found, smallWords] = commonest(counts)
      return { words: words.length, found, smallWords, smallWordsRead: read, languages: languages.join(', ') }
    },
    ({ words, found, smallWords, smallWordsRead }) =>
      !languages.includes(found) && smallWords >= LEAST_SHARE * words && smallWords >= 2 * smallWordsRead,
  )
}

function wordsIn({ candidates }: Pool): string[] {
  const words: string[] = []
  for (const { text } of candidates.slice(0, MOST_PASSAGES)) {
    const start = normalizeText(text.slice(0, LONGEST_START), 'NFC').toLowerCase()
    for (const [word] of start.matchAll(/\p{L}+/gu)) words.push(word)
  }
  return words
}

/** Made once, on first use: which languages a word belongs to. */
let languagesOf: Map<string, string[]> | undefined

/** How many words are small words of each language that at least {@link FEWEST_DISTINCT} different ones speak for. */
function countSmallWords(words: readonly string[]): Map<string, number> {
  languagesOf ??= byWord()
  const counts = new Map<string, number>()
  const distinct = new Map<string, Set<string>>()
  for (const word of words) {
    for (const language of languagesOf.get(word) ?? []) {
      counts.set(language, (counts.get(language) ?? 0) + 1)
      distinct.set(language, (distinct.get(language) ?? new Set()).add(word))
    }
  }
  for (const [language, found] of distinct) if (found.size < FEWEST_DISTINCT) counts.delete(language)
  return counts
}

function byWord(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const [language, list] of Object.entries(SMALL_WORDS)) {
    for (const word of list.split(' ')) found.set(word, [...(found.get(word) ?? []), language])
  }
  return found
}

function commonest(counts: ReadonlyMap<string, number>): [language: string, count: number] {
  let [found, most] = ['none', 0]
  for (const [language, count] of counts) if (count > most) [found, most] = [language, count]
  return [found, most]
}
