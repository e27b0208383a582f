import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { lineOf, nodesOf, parse } from './read-imports.ts'
import { readSources, type Source } from './sources.ts'

const sources = readSources()

/** Places of the nodes of all sources for which something holds, as `core/src/order.ts:12`. */
function placesOf(holds: (node: ts.Node, source: Source) => boolean): string[] {
  return sources.flatMap((source) =>
    [...nodesOf(parse(source.text))]
      .filter((node) => holds(node, source))
      .map((node) => `${source.name}/src/${source.path}:${lineOf(node)}`),
  )
}

describe('no source', () => {
  it('asks whether something of the caller is an instance of a class of the language, of which each realm has its own', () => {
    const ofRealms =
      /^(Error|TypeError|SyntaxError|Array|Map|Set|Date|Promise|URL|Request|Response|Headers|Event\w*|Abort\w+|\w*(8|16|32|64)(Clamped)?Array|ArrayBuffer|kind)$/
    const isInstance = (node: ts.Node, { name, path }: Source): boolean =>
      // The command line is a process of its own; base/errors.ts has the question that holds everywhere.
      name !== 'cli' &&
      path !== 'base/errors.ts' &&
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword &&
      ofRealms.test(node.right.getText())
    expect(placesOf(isInstance)).toEqual([])
  })

  it('passes the items of a list as arguments: a list of 120,000 overflows the stack', () => {
    const isSpread = (node: ts.Node): boolean =>
      (ts.isCallExpression(node) || ts.isNewExpression(node)) && (node.arguments ?? []).some(ts.isSpreadElement)
    expect(placesOf(isSpread)).toEqual([])
    const isApply = (node: ts.Node): boolean =>
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      node.expression.name.text === 'apply'
    expect(placesOf(isApply)).toEqual([])
  })

  it('asks the engine for a normalization, which sorts marks in square time: base/words.ts does', () => {
    const isNormalize = (node: ts.Node, { path }: Source): boolean =>
      // The name of a file is at most 255 bytes long.
      !['base/words.ts', 'files/identity.ts'].includes(path) &&
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      node.expression.name.text === 'normalize' &&
      /^\(?'NF/.test(node.arguments[0]?.getText() ?? '')
    expect(placesOf(isNormalize)).toEqual([])
  })

  it('segments texts by itself, each step of which takes time in proportion to the text: base does, in short parts', () => {
    const isSegmenter = (node: ts.Node, { path }: Source): boolean =>
      !path.startsWith('base/') && ts.isNewExpression(node) && node.expression.getText() === 'Intl.Segmenter'
    expect(placesOf(isSegmenter)).toEqual([])
  })

  it('looks for a repetition at the end of a text by a pattern, which tries anew at each place', () => {
    const isTrim = (node: ts.Node): boolean => {
      if (!ts.isRegularExpressionLiteral(node)) return false
      const end = node.text.lastIndexOf('/')
      const pattern = node.text.slice(1, end)
      const isTiedToPlace =
        /^\^[^|]*$/.test(pattern.replaceAll(/\([^()]*\)/g, '')) || node.text.slice(end).includes('y')
      return /(?:[^\\][*+]|\{\d*,\})\??\)*\$$/.test(pattern) && !isTiedToPlace
    }
    expect(placesOf(isTrim)).toEqual([])
  })
})
