import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { entryPoints, reportOf } from '../../api/report.mjs'

const folder = join(import.meta.dirname, '../../api')
const entries = entryPoints()

describe('the reports of the public interface', () => {
  it('are there for every entry point with types, and for nothing else', () => {
    const reports = readdirSync(folder).filter((name) => name.endsWith('.d.ts'))
    expect(reports.sort()).toEqual(entries.map(({ report }) => report).sort())
    expect(reports).toEqual(expect.arrayContaining(['core.d.ts', 'core-eval.d.ts', 'langchain.d.ts']))
  })

  // A change that is meant: `pnpm api`, and look at the difference. What was taken away or narrowed breaks somebody.
  it.each(entries.map((entry) => [entry.report, entry] as const))(
    '%s is what is exported now',
    async (report, entry) => {
      expect(await reportOf(entry)).toBe(readFileSync(join(folder, report), 'utf8'))
    },
  )
})
