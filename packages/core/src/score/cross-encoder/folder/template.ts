import { RerankError } from '../../../base/errors.js'

/** A value of the package, wrapped: no template ever touches a JavaScript object. */
interface Value {
  readonly type: string
  readonly value: unknown
}
interface Node {
  readonly type: string
  readonly value?: unknown
  readonly [part: string]: unknown
}
interface Scope {
  set(name: string, value: unknown): Value
  lookupVariable(name: string): Value
}
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
const MOST_STEPS = 100_000
/** How many times as long as its input a text may get, and how long it may be in any case. */
const GROWTH = 8
const ANY_LENGTH = 1 << 18
const MOST_ITEMS = 10_000

/** What `@huggingface/jinja` does as Jinja in Python does; of the rest nobody knows. */
const FILTERS = [
  'trim',
  'selectattr',
  'rejectattr',
  'map',
  'first',
  'last',
  'list',
  'length',
  'join',
  'string',
  'default',
]
const METHODS = ['strip', 'lstrip', 'rstrip', 'startswith', 'endswith', 'split', 'get', 'items', 'keys', 'values']

/** Only the package takes this for the beginning of a tag, and the blanks before it away. */
const TAKEN_FOR_A_TAG = /^[ \t]+\{-/m

/** Why a template is not rendered. */
class Refused extends Error {}

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
    throw refused(file, cause instanceof Error ? cause.message : String(cause), cause)
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

/** What is left of an expression once its value is known. */
const KNOWN = 'Known'
/** An expression whose value becomes text. */
const PRINTED = 'Printed'
const STATEMENTS = ['Program', 'Set', 'If', 'For', 'Macro', 'Comment', 'Break', 'Continue', PRINTED]
const EXPRESSIONS = ['Identifier', 'Ternary', 'SelectExpression', 'TestExpression', 'KeywordArgumentExpression']
const OPERATORS = ['==', '!=', '~', '+', '-', 'in', 'not in', 'and', 'or', '<', '>', '<=', '>=']

/** Marks what is printed, so that its value can be looked at before it becomes text. */
function markPrinted(node: Node): Node {
  const parts = node as Record<string, unknown>
  for (const name of ['body', 'alternate', 'defaultBlock']) {
    if (!Array.isArray(parts[name])) continue
    parts[name] = (parts[name] as Node[]).map((part) => {
      const isStatement = STATEMENTS.includes(part.type) || /Statement$/.test(part.type)
      return isStatement ? markPrinted(part) : { type: PRINTED, expression: part }
    })
  }
  return node
}

/** Counts steps and lengths, and sees to it that what differs from Python is either as there or refused. */
function boundedInterpreter({
  Interpreter,
}: Library): new (scope: Scope, inputLength: number) => { run(program: Node): Value } {
  class Bounded extends Interpreter {
    readonly #longest: number
    #steps = 0

    constructor(scope: Scope, inputLength: number) {
      super(scope)
      this.#longest = ANY_LENGTH + GROWTH * inputLength
    }

    override evaluate(node: Node | undefined, scope: Scope): Value {
      if (++this.#steps > MOST_STEPS) throw new Refused(`more than ${MOST_STEPS} steps`)
      // The package gives nothing at all for the first of no items.
      const value = (node === undefined ? undefined : this.#evaluate(node, scope)) ?? super.evaluate(undefined, scope)
      const { value: content } = value
      if (typeof content === 'string' && content.length > this.#longest)
        throw new Refused('it makes more and more text')
      if (Array.isArray(content) && content.length > MOST_ITEMS) throw new Refused(`more than ${MOST_ITEMS} items`)
      return value
    }

    #evaluate(node: Node, scope: Scope): Value | undefined {
      switch (node.type) {
        case KNOWN:
          return node.value as Value
        case PRINTED:
          return this.#print(this.evaluate(node['expression'] as Node, scope))
        case 'FilterExpression':
          return this.#filter(node, scope)
        case 'CallExpression':
          return this.#call(node, scope)
        case 'BinaryExpression':
          return this.#operate(node, scope)
        case 'MemberExpression':
          return this.#member(node, scope)
        case 'UnaryExpression':
          if (operatorOf(node) !== 'not') break
          return super.evaluate(node, scope)
        default:
          if (!STATEMENTS.includes(node.type) && !EXPRESSIONS.includes(node.type) && !/Literal$/.test(node.type)) break
          return super.evaluate(node, scope)
      }
      throw new Refused(`${node.type}`)
    }

    /** Python writes True, None and 1.0, the package does not. */
    #print(value: Value): Value {
      if (isText(value) || value.type === 'UndefinedValue') return value
      throw new Refused(`it prints a ${value.type}`)
    }

    #filter(node: Node, scope: Scope): Value | undefined {
      const filter = node['filter'] as Node
      const name = nameOf(filter.type === 'CallExpression' ? (filter['callee'] as Node) : filter)
      if (name === undefined || !FILTERS.includes(name)) throw new Refused(`the filter ${name ?? filter.type}`)
      const operand = this.evaluate(node['operand'] as Node, scope)
      if (typeof operand.value === 'string') {
        if (name === 'trim' && filter.type === 'Identifier') return textLike(operand, pythonStrip(operand.value))
        if (name !== 'string' && name !== 'default') throw new Refused(`the filter ${name} of text`)
      }
      return super.evaluate({ ...node, operand: known(operand) }, scope)
    }

    #call(node: Node, scope: Scope): Value | undefined {
      const callee = node['callee'] as Node
      if (callee.type === 'MemberExpression') {
        const name = nameOf(callee['property'] as Node)
        if (callee['computed'] === true || name === undefined || !METHODS.includes(name))
          throw new Refused(`the method ${name}`)
        const hasArguments = (node['args'] as readonly unknown[]).length > 0
        const object = this.evaluate(callee['object'] as Node, scope)
        const strip = STRIPS[name]
        if (name === 'split' && !hasArguments) throw new Refused('the method split at white space')
        if (strip === undefined) return super.evaluate({ ...node, callee: { ...callee, object: known(object) } }, scope)
        if (typeof object.value !== 'string' || hasArguments) throw new Refused(`the method ${name} with arguments`)
        return textLike(object, pythonStrip(object.value, ...strip))
      }
      const name = nameOf(callee)
      // Macros of the template itself are functions too.
      if (name === undefined || scope.lookupVariable(name).type !== 'FunctionValue')
        throw new Refused(`the function ${name}`)
      return super.evaluate(node, scope)
    }

    /** The package compares and joins as JavaScript does, so that '1' and 1 would be equal. */
    #operate(node: Node, scope: Scope): Value | undefined {
      const operator = operatorOf(node)
      if (!OPERATORS.includes(operator)) throw new Refused(`the operator ${operator}`)
      if (operator === 'and' || operator === 'or') return super.evaluate(node, scope)
      const [left, right] = [this.evaluate(node['left'] as Node, scope), this.evaluate(node['right'] as Node, scope)]
      const both = { ...node, left: known(left), right: known(right) }
      if (operator === '==' || operator === '!=') {
        if (!isPlain(left) || !isPlain(right)) throw new Refused(`${operator} between ${left.type} and ${right.type}`)
        const isSame = left.type === right.type || (isNumber(left) && isNumber(right))
        return isSame ? super.evaluate(both, scope) : scope.lookupVariable(operator === '==' ? 'false' : 'true')
      }
      const isJoin = operator === '~' || (operator === '+' && !(isNumber(left) && isNumber(right)))
      const isLists = Array.isArray(left.value) && Array.isArray(right.value)
      const isSame = operator === '~' || left.type === right.type
      if (isJoin && !isLists && !(isText(left) && isText(right) && isSame)) {
        throw new Refused(`${operator} between ${left.type} and ${right.type}`)
      }
      return super.evaluate(both, scope)
    }

    /** Of an undefined value there is nothing to be had in Python; characters of a text are counted in another way there. */
    #member(node: Node, scope: Scope): Value | undefined {
      const object = this.evaluate(node['object'] as Node, scope)
      if (/^(Undefined|Null)Value$/.test(object.type)) throw new Refused(`a part of an ${object.type}`)
      const isText = typeof object.value === 'string'
      if (isText && node['computed'] === true) throw new Refused('a part of a text')
      return super.evaluate({ ...node, object: known(object) }, scope)
    }
  }
  return Bounded
}

function known(value: Value): Node {
  return { type: KNOWN, value }
}

function operatorOf(node: Node): string {
  return (node['operator'] as { readonly value: string }).value
}

/** What reads the same as text in Python. */
function isText({ type }: Value): boolean {
  return type === 'StringValue' || type === 'IntegerValue'
}

function isNumber({ type }: Value): boolean {
  return /^(Integer|Float|Boolean)Value$/.test(type)
}

function nameOf(node: Node): string | undefined {
  return node.type === 'Identifier' ? String(node.value) : undefined
}

function isPlain({ type }: Value): boolean {
  return /^(String|Integer|Float|Boolean|Null|Undefined)Value$/.test(type)
}

/** Text of the package's own class. */
function textLike(value: Value, text: string): Value {
  return new (value.constructor as new (text: string) => Value)(text)
}

/** Which ends a method of Python takes white space from. */
const STRIPS: Readonly<Record<string, readonly [left: boolean, right: boolean] | undefined>> = {
  strip: [true, true],
  lstrip: [true, false],
  rstrip: [false, true],
}

/** What counts as white space in Python: JavaScript's `trim` leaves some of it and takes U+FEFF. */
const WHITE_SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

function pythonStrip(text: string, left = true, right = true): string {
  let [start, end] = [0, text.length]
  while (left && start < end && WHITE_SPACE.test(text[start] as string)) start++
  while (right && end > start && WHITE_SPACE.test(text[end - 1] as string)) end--
  return text.slice(start, end)
}
