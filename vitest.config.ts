import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { configDefaults, defineConfig } from 'vitest/config'

/**
 * `vitest run` is what a newcomer waits for: everything but the files `*.long.test.ts`, with few random inputs and few
 * repeats. `vitest run --mode all` (the script test:all) runs every file, all at full size; how a test asks which of the
 * two it is in stands in test/fixtures/size.ts.
 */
export default defineConfig(({ mode }) => {
  const isAll = mode === 'all'
  const exclude = [...configDefaults.exclude, ...(isAll ? [] : ['**/*.long.test.ts'])]
  const shared = {
    // Forks, not threads: ending a thread while a model runs aborts the whole process.
    pool: 'forks' as const,
    // Vitest leaves one core to itself; on two cores that would be half of the machine.
    maxWorkers: availableParallelism(),
    env: { SECONDPASS_TESTS: isAll ? 'all' : 'short' },
    // Only what hangs takes this long, however busy the machine is.
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
  }
  return {
    test: {
      projects: [
        {
          test: {
            ...shared,
            exclude,
            name: 'unit',
            // Where lean graphs of folders are kept: not in the home of whoever runs the tests.
            env: { ...shared.env, HF_HOME: join(tmpdir(), 'secondpass-tests-home') },
            include: [
              'test/{ai-sdk,cli,core,eval,lancedb,langchain,llamaindex,mastra,n8n,contract,parity,architecture}/**/*.test.ts',
            ],
            // The script typecheck reads these files as well: here they would only take time.
            typecheck: { enabled: isAll, include: ['test/types/**/*.test-d.ts'], tsconfig: 'test/types/tsconfig.json' },
            sequence: { groupOrder: 0 },
          },
        },
        {
          test: {
            ...shared,
            exclude,
            name: 'process',
            include: ['test/process/**/*.test.ts'],
            // After the unit tests, which finish sooner and say more.
            sequence: { groupOrder: 1 },
          },
        },
        {
          test: {
            ...shared,
            exclude,
            name: 'package',
            include: ['test/package/**/*.test.ts'],
            // Packing writes into dist/, which the other tests read: after them, and one at a time.
            maxWorkers: 1,
            sequence: { groupOrder: 2 },
          },
        },
        {
          test: {
            ...shared,
            exclude,
            name: 'places',
            // Packages and tools of the registry, each installed into a project of its own: one at a time, for minutes.
            include: ['test/places/**/*.test.ts'],
            maxWorkers: 1,
            sequence: { groupOrder: 3 },
          },
        },
      ],
    },
  }
})
