import { defineConfig } from 'vitest/config'

// Forks, not threads: ending a thread while a model runs aborts the whole process.
const pool = 'forks'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          pool,
          include: ['test/{cli,core,eval,langchain,llamaindex,contract,parity,architecture}/**/*.test.ts'],
          typecheck: { enabled: true, include: ['test/types/**/*.test-d.ts'], tsconfig: 'test/types/tsconfig.json' },
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'process',
          pool,
          // Real processes and real installs: one file at a time, or two of them would share two cores and time out.
          fileParallelism: false,
          include: ['test/{process,package}/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          // After the unit tests, which finish sooner and say more.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
