/**
 * How a chat template is evaluated so that nothing comes of it that Python would not make: what is known to mean the same in
 * `@huggingface/jinja` is left to it, some of the rest is done here, and everything else is refused.
 */

/** A value of the package, wrapped: no template ever touches a JavaScript object. */
export interface Value {
  readonly type: string
  readonly value: unknown
}
export interface Node {
  readonly type: string
  readonly value?: unknown
  readonly [part: string]: unknown
}

/** Where variables are looked up. */
export interface Scope {
  set(name: string, value: unknown): Value
  lookupVariable(name: string): Value
}
type Evaluate = (node: Node | undefined, scope: Scope) => Value

const MOST_STEPS = 100_000
/** How many times as long as its input a text may get, and how long it may be in any case. */
const GROWTH = 8
const ANY_LENGTH = 1 << 18
export const MOST_ITEMS = 10_000

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

/** Why a template is not rendered. */
export class Refused extends Error {}

/** What is left of an expression once its value is known. */
const KNOWN = 'Known'
/** An expression whose value becomes text. */
const PRINTED = 'Printed'
const STATEMENTS = ['Program', 'Set', 'If', 'For', 'Macro', 'Comment', 'Break', 'Continue', PRINTED]
const EXPRESSIONS = ['Identifier', 'Ternary', 'SelectExpression', 'TestExpression', 'KeywordArgumentExpression']
const OPERATORS = ['==', '!=', '~', '+', '-', 'in', 'not in', 'and', 'or', '<', '>', '<=', '>=']

/** Marks what is printed, so that its value can be looked at before it becomes text. */
export function markPrinted(node: Node): Node {
  const parts = node as Record<string, unknown>
  for (const name of ['body', 'alternate', 'defaultBlock']) {
    if (!Array.isArray(parts[name])) continue
    parts[name] = (parts[name] as Node[]).map((part) => {
      const isStatement = STATEMENTS.includes(part.type) || part.type.endsWith('Statement')
      return isStatement ? markPrinted(part) : { type: PRINTED, expression: part }
    })
  }
  return node
}

/** Counts steps and lengths, and sees to it that what differs from Python is either as there or refused. */
export class Rules {
  readonly #asIs: Evaluate
  readonly #longest: number
  #steps = 0

  /** @param evaluateAsIs evaluates as the package does, and asks here for every part */
  constructor(evaluateAsIs: Evaluate, inputLength: number) {
    this.#asIs = evaluateAsIs
    this.#longest = ANY_LENGTH + GROWTH * inputLength
  }

  evaluate(node: Node | undefined, scope: Scope): Value {
    if (++this.#steps > MOST_STEPS) throw new Refused(`more than ${MOST_STEPS} steps`)
    // The package gives nothing at all for the first of no items.
    const value = (node === undefined ? undefined : this.#evaluate(node, scope)) ?? this.#asIs(undefined, scope)
    const { value: content } = value
    if (typeof content === 'string' && content.length > this.#longest) throw new Refused('it makes more and more text')
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
        return this.#asIs(node, scope)
      default:
        if (!STATEMENTS.includes(node.type) && !EXPRESSIONS.includes(node.type) && !node.type.endsWith('Literal')) break
        return this.#asIs(node, scope)
    }
    throw new Refused(node.type)
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
    return this.#asIs({ ...node, operand: known(operand) }, scope)
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
      if (strip === undefined) return this.#asIs({ ...node, callee: { ...callee, object: known(object) } }, scope)
      if (typeof object.value !== 'string' || hasArguments) throw new Refused(`the method ${name} with arguments`)
      return textLike(object, pythonStrip(object.value, strip[0], strip[1]))
    }
    const name = nameOf(callee)
    // Macros of the template itself are functions too.
    if (name === undefined || scope.lookupVariable(name).type !== 'FunctionValue')
      throw new Refused(`the function ${name}`)
    return this.#asIs(node, scope)
  }

  /** The package compares and joins as JavaScript does, so that '1' and 1 would be equal. */
  #operate(node: Node, scope: Scope): Value | undefined {
    const operator = operatorOf(node)
    if (!OPERATORS.includes(operator)) throw new Refused(`the operator ${operator}`)
    if (operator === 'and' || operator === 'or') return this.#asIs(node, scope)
    const [left, right] = [this.evaluate(node['left'] as Node, scope), this.evaluate(node['right'] as Node, scope)]
    const both = { ...node, left: known(left), right: known(right) }
    if (operator === '==' || operator === '!=') {
      if (!isPlain(left) || !isPlain(right)) throw new Refused(`${operator} between ${left.type} and ${right.type}`)
      const isSame = left.type === right.type || (isNumber(left) && isNumber(right))
      return isSame ? this.#asIs(both, scope) : scope.lookupVariable(operator === '==' ? 'false' : 'true')
    }
    const isJoin = operator === '~' || (operator === '+' && !(isNumber(left) && isNumber(right)))
    const isLists = Array.isArray(left.value) && Array.isArray(right.value)
    const isSame = operator === '~' || left.type === right.type
    if (isJoin && !isLists && !(isText(left) && isText(right) && isSame)) {
      throw new Refused(`${operator} between ${left.type} and ${right.type}`)
    }
    return this.#asIs(both, scope)
  }

  /** Of an undefined value there is nothing to be had in Python; characters of a text are counted in another way there. */
  #member(node: Node, scope: Scope): Value | undefined {
    const object = this.evaluate(node['object'] as Node, scope)
    if (/^(Undefined|Null)Value$/.test(object.type)) throw new Refused(`a part of an ${object.type}`)
    if (typeof object.value === 'string' && node['computed'] === true) throw new Refused('a part of a text')
    return this.#asIs({ ...node, object: known(object) }, scope)
  }
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
const isWhiteSpace = (character: string): boolean =>
  /[\s\u0085]/.test(character) ? character !== '\ufeff' : SEPARATORS.includes(character)
/** Of files, groups, records and units. */
const SEPARATORS: readonly string[] = ['\u001c', '\u001d', '\u001e', '\u001f']

function pythonStrip(text: string, left = true, right = true): string {
  let [start, end] = [0, text.length]
  while (left && start < end && isWhiteSpace(text[start] as string)) start++
  while (right && end > start && isWhiteSpace(text[end - 1] as string)) end--
  return text.slice(start, end)
}
