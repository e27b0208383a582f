import { isError, RerankError } from '../../../base/errors.js'
import { markPrinted, MOST_ITEMS, type Node, Refused, Rules, type Scope, type Value } from './template-rules.js'

/** The part of `@huggingface/jinja` that is used here; its own types hide what a bounded interpreter has to override. */
interface Library {
  readonly Environment: new () => Scope
  readonly Interpreter: new (scope: Scope) => {
    evaluate(node: Node | undefined, scope: Scope): Value
    run(program: Node): Value
  }
  tokenize(source: string, options: { lstrip_blocks: boolean; trim_blocks: boolean }): unknown[]
  parse(tokens: unknown[]): Node
}

/** Renders a chat template with some variables. */
export type Render = (variables: Readonly<Record<string, unknown>>) => string

/** Far above what templates in use hold, tools and all. */
const LONGEST_TEMPLATE = 256 << 10
/** Only the package takes this for the beginning of a tag, and the blanks before it away. */
const TAKEN_FOR_A_TAG = /^[ \t]+\{-/m

/**
 * Compiles a chat template. It can reach nothing but the variables it is given, may take so many steps and make text of so
 * much, and whatever it uses that is not known to mean the same here and in Python is refused by name.
 *
 * @param file where it is, for errors
 * @throws RerankError `'model-files'` when it cannot be read; so does the function it answers with.
 */
export async function compileTemplate(file: string, source: string): Promise<Render> {
  if (source.length > LONGEST_TEMPLATE) throw refused(file, `it is ${source.length} characters long`)
  const library = (await import('@huggingface/jinja')) as unknown as Library
  const program = guarded(file, () => {
    // As Jinja does with every template, before anything else.
    const lines = source.replace(/\r\n|\r/g, '\n')
    if (TAKEN_FOR_A_TAG.test(lines)) throw new Refused('a line that begins with {-')
    return markPrinted(library.parse(library.tokenize(lines, { lstrip_blocks: true, trim_blocks: true })))
  })
  const Bounded = boundedInterpreter(library)
  return (variables) =>
    guarded(file, () => {
      const scope = new library.Environment()
      for (const [name, value] of Object.entries({ ...globals, ...variables })) scope.set(name, value)
      return String(new Bounded(scope, lengthOf(variables)).run(program).value)
    })
}

function guarded<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw refused(file, isError(cause) ? cause.message : String(cause), cause)
  }
}

function refused(file: string, reason: string, cause?: unknown): RerankError {
  const fix = "pass template: 'qwen3-reranker' or another that is known by name, or serve the model with Python"
  const message = `The chat template of ${file} cannot be rendered (${reason.slice(0, 200)}): ${fix}.`
  return new RerankError('model-files', message, cause === undefined ? undefined : { cause })
}

const globals: Readonly<Record<string, unknown>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  raise_exception(message: unknown) {
    throw new Refused(`it says: ${String(message)}`)
  },
  range(...limits: number[]): number[] {
    const [start, stop, step = 1] =
      limits.length === 1 ? [0, limits[0] as number] : (limits as [number, number, number?])
    const count = Math.max(0, Math.ceil((stop - start) / step))
    if (!(count <= MOST_ITEMS)) throw new Refused(`range of ${count}`)
    return Array.from({ length: count }, (_, at) => start + at * step)
  },
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce((sum: number, part) => sum + lengthOf(part), 0)
}

/** The package's own interpreter, which asks the rules about every part of a template. */
function boundedInterpreter({
  Interpreter,
}: Library): new (scope: Scope, inputLength: number) => { run(program: Node): Value } {
  return class extends Interpreter {
    readonly #rules: Rules

    constructor(scope: Scope, inputLength: number) {
      super(scope)
      this.#rules = new Rules((node, inner) => super.evaluate(node, inner), inputLength)
    }

    override evaluate(node: Node | undefined, scope: Scope): Value {
      return this.#rules.evaluate(node, scope)
    }
  }
}
