// @ts-check
/** Hooks of the module loader that let every function of a package say, when it runs, which file it stands in. */
import ts from 'typescript'

let dist = ''

/** @type {import('node:module').InitializeHook<{ dist: string }>} */
export function initialize(data) {
  dist = data.dist
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  const loaded = await next(url, context)
  if (!url.startsWith(dist)) return loaded
  const { source } = loaded
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source ?? undefined)
  return { ...loaded, source: announced(text, url.slice(dist.length)) }
}

/** The module with a call of `globalThis.enter` at the beginning of each of its functions. */
function announced(/** @type {string} */ text, /** @type {string} */ name) {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.ESNext, true)
  const enter = `globalThis.enter(${JSON.stringify(name)})`
  /** @type {[place: number, text: string][]} */
  const insertions = []
  const visit = (/** @type {ts.Node} */ node) => {
    const body = ts.isFunctionLike(node) && 'body' in node ? /** @type {ts.Node | undefined} */ (node.body) : undefined
    if (body !== undefined && ts.isBlock(body)) insertions.push([body.getStart(file) + 1, `${enter};`])
    else if (body !== undefined) insertions.push([body.getStart(file), `(${enter}, `], [body.end, ')'])
    node.forEachChild(visit)
  }
  visit(file)
  let marked = text
  for (const [place, inserted] of insertions.toSorted(([a], [b]) => b - a)) {
    marked = marked.slice(0, place) + inserted + marked.slice(place)
  }
  return marked
}
