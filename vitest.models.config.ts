import { defineConfig } from 'vitest/config'

/** The public models themselves: gigabytes from the hub, once. Not a part of `pnpm test`. */
export default defineConfig({
  test: {
    name: 'models',
    pool: 'forks',
    include: ['test/models/**/*.test.ts'],
    fileParallelism: false,
    // Says by name what was skipped and why.
    reporters: ['verbose'],
    testTimeout: 3_600_000,
    hookTimeout: 600_000,
  },
})
