import type { EncodedFile } from '@secondpass/core'
import type { Command } from 'commander'
import { CliError, type ExitCode, exitCodes, misuse } from '../errors.js'
import { checkFiles, isStdin } from '../files/identity.js'
import { Lock } from '../files/lock.js'
import { isPlace, targetOf } from '../files/target.js'
import { readCandidate } from '../input/json-lines.js'
import { readLines } from '../input/open.js'
import { type Io, tell, write } from '../io.js'
import { byteSize, startProgress } from '../output/terminal.js'
import { openModel } from '../scorer/model.js'
import { type ModelFlags, withModel } from '../scorer/options.js'

const EXAMPLES = `
Examples:
  secondpass encode corpus.jsonl --out corpus.documents
  secondpass rerank --documents corpus.documents --input queries.jsonl --output ranked.jsonl

Each line of the corpus is a passage: a string, or an object with "text". Stopped, and started again, it goes on where it
was; until the file is whole, what stood there before stays. Run again for a corpus that has changed, it encodes what is new
and leaves out what is gone. A passage is found again by its text.`

interface EncodeFlags extends ModelFlags {
  readonly out: string
  readonly json?: boolean
}

/** Adds `secondpass encode`. */
export function addEncode(program: Command, io: Io, ended: (code: ExitCode) => void): void {
  const command = program
    .command('encode')
    .summary('read the passages of a corpus ahead of time')
    .description(
      'Writes what the model makes of each passage by itself into a file, so that reranking need not read it.',
    )
    .argument('<corpus>', 'passages, JSONL, perhaps packed by gzip; - is stdin')
    .requiredOption('--out <file>', 'where the encoded passages go; continued when it was stopped')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', EXAMPLES)
  withModel(command.optionsGroup('The model:')).action(async (corpus: string, flags: EncodeFlags) => {
    ended(await encode(corpus, flags, io))
  })
}

async function encode(corpus: string, flags: EncodeFlags, io: Io): Promise<ExitCode> {
  const { out } = flags
  if (!isPlace(out)) throw misuse(`--out ${out}: it is no file, and encoding continues from its output: name a file`)
  const again = !isStdin(corpus)
  const outputs = ['', '.part'].map((suffix) => ({ option: '--out', path: `${out}${suffix}` }))
  checkFiles([{ option: 'the corpus', path: corpus, again }], outputs, io)
  const target = targetOf(out)
  const lock = Lock.take(target, out)
  try {
    // A bad line shall be found before anything is encoded.
    const total = again ? await countPassages(corpus, io) : undefined
    await using scorer = await openModel(flags, io)
    const progress = startProgress(io, { label: 'encoding', total })
    const texts = textsOf(corpus, io, lock)
    const onProgress = (done: number): void => progress.update(done)
    try {
      const summary = await scorer.encodeDocumentsToFile(texts, target, { signal: io.signal, onProgress })
      progress.stop()
      return await print(summary, flags, io)
    } finally {
      progress.stop()
    }
  } finally {
    lock.release()
  }
}

async function countPassages(corpus: string, io: Io): Promise<number> {
  let total = 0
  for await (const line of readLines(corpus, io)) {
    readCandidate(line)
    total += 1
  }
  if (total === 0) throw new CliError(`${corpus} holds no passages: is it the right file?`)
  return total
}

async function* textsOf(corpus: string, io: Io, lock: Lock): AsyncGenerator<string> {
  for await (const line of readLines(corpus, io)) {
    lock.check()
    yield readCandidate(line).value.text
  }
}

async function print(summary: EncodedFile, { out, json }: EncodeFlags, io: Io): Promise<ExitCode> {
  if (json === true) await write(io, `${JSON.stringify(summary)}\n`)
  const { documents, encoded, tooLong, bytes } = summary
  const before = encoded === documents ? '' : `, ${documents - encoded} of them before`
  tell(io, `secondpass: ${documents} passages encoded into ${out}${before}; ${byteSize(bytes)}`)
  const read = 'too long to be kept, and are read whenever they are scored: cut them into passages'
  if (tooLong > 0) tell(io, `secondpass: ${tooLong} of those are ${read}`)
  return exitCodes.ok
}
